import { initialState, type PopupState } from './popup-state.ts';

type Change = { [K in keyof PopupState]?: PopupState[K] | undefined };

/** The background's one state and those who follow it. Rebuilt from the host and from storage whenever the worker restarts. */
export class StateStore {
  #state: PopupState = initialState;
  readonly #followers: ((state: PopupState) => void)[] = [];

  get state(): PopupState {
    return this.#state;
  }

  follow(follower: (state: PopupState) => void) {
    this.#followers.push(follower);
  }

  /** Merges `change`; `undefined` takes a field away. */
  set(change: Change) {
    const merged = Object.entries({ ...this.#state, ...change }).filter(([, value]) => value !== undefined);
    this.#state = Object.fromEntries(merged) as PopupState; // required fields cannot be undefined: initialState has them
    for (const follower of this.#followers) follower(this.#state);
  }
}
