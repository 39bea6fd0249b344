/** The inspector's page. */
import { render } from 'preact';
import { listenToDrops } from './state/dropped-files.js';
import { listenToKeys } from './state/keyboard.js';
import { connect } from './state/live-connection.js';
import { keepPlace } from './state/place.js';
import { forgetToken } from './state/router.js';
import { App } from './view/app.js';

const root = document.getElementById('page');
if (root !== null) {
  forgetToken();
  listenToKeys();
  listenToDrops();
  keepPlace();
  connect();
  render(<App />, root);
}
