import { EventEmitter } from 'node:events';
import type { Runtime } from 'webextension-polyfill';
import type { ActionName, Actions, Request, WireError } from '../../../native-host/protocol.ts';

/** The browser's end of a native port, with the test in the place of the host. */
export class FakePort {
  readonly requests: Request[] = [];
  isDisconnected = false;
  readonly #events = new EventEmitter();
  readonly #answers: { readonly [A in ActionName]?: (request: Request) => Actions[A]['result'] | WireError };

  constructor(answers: { readonly [A in ActionName]?: () => Actions[A]['result'] | WireError } = {}) {
    this.#answers = answers;
  }

  get port(): Runtime.Port {
    return {
      name: '',
      disconnect: () => {
        this.isDisconnected = true;
      },
      onMessage: this.#event('message'),
      onDisconnect: this.#event('disconnect'),
      postMessage: (request: Request) => {
        this.requests.push(request);
        const result = this.#answers[request.action]?.(request);
        if (result && 'code' in result) this.says({ id: request.id, ok: false, error: result });
        else if (result) this.says({ id: request.id, ok: true, result });
      },
    } as unknown as Runtime.Port; // of the browser's event objects only addListener is used
  }

  says(message: unknown) {
    queueMicrotask(() => this.#events.emit('message', message));
  }

  dies(reason?: string) {
    this.#events.emit('disconnect', reason === undefined ? {} : { error: { message: reason } });
  }

  #event(name: string) {
    return { addListener: (listener: (...args: unknown[]) => void) => this.#events.on(name, listener) };
  }
}
