import type { Runtime } from 'webextension-polyfill';
import type { PopupState, StateMessage } from './popup-state.ts';

/** The popups and prompt windows that are open now; each gets the whole state at every change. */
export class PopupPorts {
  readonly #ports = new Set<Runtime.Port>();
  #lastPushed: PopupState | undefined;

  get isAnyOpen(): boolean {
    return this.#ports.size > 0;
  }

  /** A page that connects before anything was pushed waits for it: half a state would look like the end of its sign-ins. */
  accept(port: Runtime.Port, onMessage: (message: unknown) => void) {
    this.#ports.add(port);
    port.onMessage.addListener(onMessage);
    port.onDisconnect.addListener(() => this.#ports.delete(port));
    if (this.#lastPushed) post(port, this.#lastPushed);
  }

  push(state: PopupState) {
    this.#lastPushed = state;
    for (const port of this.#ports) post(port, state);
  }
}

function post(port: Runtime.Port, state: PopupState) {
  const message: StateMessage = { type: 'state', state };
  try {
    port.postMessage(message);
  } catch {
    // The page is closing and its disconnect event is on the way: nobody is left to be told.
  }
}
