/** The command `streamwarden`. Loading this module runs it. */
import { processHost } from './host.js';
import { runCli } from './run-cli.js';

const exitCode = await runCli(process.argv.slice(2), processHost());
// Output to a pipe may still be on its way where pipes are asynchronous; an empty write is answered after it.
process.stdout.write('', () => process.exit(exitCode));
