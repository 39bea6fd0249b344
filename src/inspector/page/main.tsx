/** The inspector's page. */
import { render } from 'preact';
import { listenToKeys } from './state/keyboard.js';
import { connect } from './state/live-connection.js';
import { App } from './view/app.js';

const root = document.getElementById('page');
if (root !== null) {
  listenToKeys();
  connect();
  render(<App />, root);
}
