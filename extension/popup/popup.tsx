import { useEffect } from 'preact/hooks';
import type { ProfileSummary } from '../../native-host/protocol.ts';
import type { Intent, PopupState } from '../popup-state.ts';
import { HostScreen } from './host-screen.tsx';
import type { ShownScreen } from './kept-screen.ts';
import { Profiles } from './profiles.tsx';
import { PromptPanel } from './prompt-panel.tsx';
import { waitingBehind } from './prompt-queue.ts';
import { usePromptQueue } from './use-prompt-queue.ts';

export type PopupProps = {
  /** `prompt`: the small window that asks for a code and nothing else. */
  readonly mode: 'popup' | 'prompt';
  readonly state: PopupState;
  readonly cached: readonly ProfileSummary[] | undefined;
  readonly recent: Readonly<Record<string, string>>;
  readonly isolation: 'containers' | 'groups';
  readonly shown: ShownScreen;
  readonly send: (intent: Intent) => void;
  /** Called in prompt mode once nothing is asked any more. */
  readonly onNothingAsked?: (() => void) | undefined;
  readonly close: () => void;
};

/** What the popup shows, from its state alone: a question before anything else, then a broken host, then the profiles. */
export function Popup({ mode, state, cached, recent, isolation, shown, send, onNothingAsked, close }: PopupProps) {
  const prompts = usePromptQueue(state, send);
  const { current } = prompts.queue;
  const isIdlePrompt = mode === 'prompt' && !current;

  useEffect(() => {
    if (isIdlePrompt) onNothingAsked?.();
  }, [isIdlePrompt, onNothingAsked]);

  if (current) {
    return (
      <PromptPanel
        key={`${current.prompt.promptId} ${current.prompt.rejected ?? ''}`}
        prompt={current.prompt}
        phase={current.phase}
        waiting={waitingBehind(prompts.queue)}
        error={state.promptError?.promptId === current.prompt.promptId ? state.promptError.error : undefined}
        onAnswer={prompts.answer}
        onCancel={prompts.cancel}
      />
    );
  }
  if (mode === 'prompt') return <main class="panel" aria-busy="true" />;
  if (state.host.status === 'failed') {
    return <HostScreen {...state.host} onRetry={() => send({ type: 'retryHost' })} />;
  }
  return (
    <Profiles
      profiles={state.profiles ?? cached}
      recent={recent}
      signIns={state.signIns}
      logins={state.logins}
      listError={state.listError}
      lock={state.lock}
      isolation={isolation}
      shown={shown}
      send={send}
      close={close}
    />
  );
}
