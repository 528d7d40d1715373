import { useEffect, useMemo, useRef } from 'preact/hooks';
import browser from 'webextension-polyfill';
import type { ProfileSummary } from '../../native-host/protocol.ts';
import { hasContainers } from '../containers.ts';
import type { Intent, PopupState } from '../popup-state.ts';
import { dropScreen, keepAsMostRecent, type ShownScreen } from './kept-screen.ts';
import { Popup } from './popup.tsx';
import { useBackground } from './use-background.ts';

type AppProps = {
  readonly mode: 'popup' | 'prompt';
  readonly cached: readonly ProfileSummary[] | undefined;
  readonly recent: Readonly<Record<string, string>>;
  /** What is known before the background has said anything. */
  readonly known: PopupState;
  readonly shown: ShownScreen;
};

/** The popup in a browser: its state from the background, its window closed when its work is done. */
export function App({ mode, cached, recent, known, shown }: AppProps) {
  const { state, isLive, send } = useBackground(known);
  const cancelled = useRef(new Set<string>());
  const pending = useRef<readonly string[]>([]);

  useEffect(() => {
    const opened = pending.current.filter((name) => !state.signIns[name] && !cancelled.current.has(name));
    pending.current = Object.keys(state.signIns).filter((name) => state.signIns[name]?.status === 'pending');
    if (opened.length > 0 && mode === 'popup') closePopup();
  }, [state, mode]);

  const isHostFailed = state.host.status === 'failed';
  useEffect(() => {
    if (isHostFailed) dropScreen();
  }, [isHostFailed]);

  const sendAndNote = useMemo(() => {
    return (intent: Intent) => {
      if (intent.type === 'cancelSignIn') cancelled.current.add(intent.profile);
      if (intent.type === 'openConsole') cancelled.current.delete(intent.profile);
      send(intent);
      if (intent.type === 'openConsole') keepAsMostRecent(intent.profile);
    };
  }, [send]);

  return (
    <Popup
      mode={mode}
      state={state}
      cached={cached}
      recent={recent}
      shown={shown}
      isolation={hasContainers() ? 'containers' : 'groups'}
      send={sendAndNote}
      onNothingAsked={isLive && state.host.status !== 'connecting' ? closePromptWindow : undefined}
      close={closePopup}
    />
  );
}

/** The same page may stand in a tab, which is nobody's to close. */
function closePopup() {
  if (browser.extension.getViews({ type: 'popup' }).includes(window)) window.close();
}

async function closePromptWindow() {
  const { id, type } = await browser.windows.getCurrent();
  if (id !== undefined && type === 'popup') await browser.windows.remove(id);
}
