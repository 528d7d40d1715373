import { useCallback, useLayoutEffect, useRef, useState } from 'preact/hooks';
import browser, { type Runtime } from 'webextension-polyfill';
import { type Intent, POPUP_PORT, type PopupState, type StateMessage } from '../popup-state.ts';
import { afterPaint, once } from './after-paint.ts';

export type Background = {
  readonly state: PopupState;
  /** False until the first state has come: what is shown so far is from storage. */
  readonly isLive: boolean;
  readonly send: (intent: Intent) => void;
};

/** Connects the page to the background and stays connected: when the worker is stopped, connecting again wakes it. */
export function useBackground(known: PopupState): Background {
  const [{ state, isLive }, setView] = useState({ state: known, isLive: false });
  const port = useRef<Runtime.Port | undefined>(undefined);
  const connectNow = useRef(() => {});

  useLayoutEffect(() => {
    let isUnmounted = false;
    const connect = () => {
      if (isUnmounted) return;
      const opened = browser.runtime.connect({ name: POPUP_PORT });
      port.current = opened;
      opened.onMessage.addListener((message) => setView({ state: (message as StateMessage).state, isLive: true })); // only the background sends here
      opened.onDisconnect.addListener(connect);
    };
    connectNow.current = once(connect);
    afterPaint(connectNow.current);
    return () => {
      isUnmounted = true;
      port.current?.disconnect();
    };
  }, []);

  const send = useCallback((intent: Intent) => {
    connectNow.current();
    port.current?.postMessage(intent);
  }, []);
  return { state, isLive, send };
}
