import { eachServer } from '../each-server.js';
import { type Check, good, warning } from '../finding.js';
import { PERMIT_CONFIG, setTo } from '../remedies.js';

const MOST_S = 600;

/** Whether Redis notices that a machine has vanished: until then its connections count, and its buffers grow. */
export const tcpKeepalive: Check = {
  name: 'tcp-keepalive',
  judge({ servers }) {
    return eachServer(servers, ({ config }) => {
      const text = config.get('tcp-keepalive');
      if (text === undefined) return warning('could not be told: CONFIG GET is refused', PERMIT_CONFIG);
      const seconds = Number(text);
      if (seconds === 0)
        return warning('off: connections of vanished machines stay for ever', setTo('tcp-keepalive', '300'));
      return seconds > MOST_S
        ? warning(`${seconds} s: firewalls forget a silent connection earlier`, setTo('tcp-keepalive', '300'))
        : good(`every ${seconds} s`);
    });
  },
};
