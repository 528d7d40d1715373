import type { Prompt } from '../../native-host/protocol.ts';

/**
 * `asking`: waits for the user. `checking`: answered, and still listed by the host. `sent`: answered and taken by the
 * host; kept on screen for a moment, because a rejected code comes back as a new prompt and nothing should flicker.
 */
export type Phase = 'asking' | 'checking' | 'sent';

export type PromptQueue = {
  /** As the host listed them last. */
  readonly prompts: readonly Prompt[];
  readonly current?: { readonly prompt: Prompt; readonly phase: Phase };
};

export type PromptEvent =
  | { readonly type: 'pushed'; readonly prompts: readonly Prompt[] }
  | { readonly type: 'answered' }
  /** The answer did not reach the host: ask again. */
  | { readonly type: 'failed'; readonly promptId: string }
  /** Nothing more is to be expected after `sent`: the sign-in ended, or the moment is over. */
  | { readonly type: 'settled' };

export const emptyQueue: PromptQueue = { prompts: [] };

/** The queue after an event. The prompt on screen stays while the host lists it, whatever arrives behind it. */
export function reducePrompts(queue: PromptQueue, event: PromptEvent): PromptQueue {
  const { current, prompts } = queue;
  switch (event.type) {
    case 'pushed':
      return pushed(queue, event.prompts);
    case 'answered':
      return current ? { prompts, current: { ...current, phase: 'checking' } } : queue;
    case 'failed':
      return current?.prompt.promptId === event.promptId
        ? { prompts, current: { ...current, phase: 'asking' } }
        : queue;
    case 'settled':
      return current?.phase === 'sent' ? first(prompts) : queue;
  }
}

/** How many prompts wait behind the one on screen. */
export function waitingBehind({ prompts, current }: PromptQueue): number {
  return prompts.filter(({ promptId }) => promptId !== current?.prompt.promptId).length;
}

function pushed({ current }: PromptQueue, prompts: readonly Prompt[]): PromptQueue {
  if (!current) return first(prompts);
  const listed = prompts.find(({ promptId }) => promptId === current.prompt.promptId);
  if (listed) {
    // Asked again under its old id: the host puts a new reason beside it.
    const isRejected = listed.rejected !== undefined && listed.rejected !== current.prompt.rejected;
    return { prompts, current: { prompt: listed, phase: isRejected ? 'asking' : current.phase } };
  }
  if (current.phase === 'asking') return first(prompts);
  const retry = prompts.find((prompt) => asksTheSame(prompt, current.prompt)) ?? prompts[0];
  return retry
    ? { prompts, current: { prompt: retry, phase: 'asking' } }
    : { prompts, current: { ...current, phase: 'sent' } };
}

function first(prompts: readonly Prompt[]): PromptQueue {
  const [prompt] = prompts;
  return prompt ? { prompts, current: { prompt, phase: 'asking' } } : { prompts };
}

/** A rejected answer may come back under a new id: same question, same asker. */
function asksTheSame(a: Prompt, b: Prompt): boolean {
  const pid = (prompt: Prompt) => (prompt.requester.source === 'terminal' ? prompt.requester.pid : 0);
  return a.kind === b.kind && a.profile === b.profile && a.mfaSerial === b.mfaSerial && pid(a) === pid(b);
}
