import type { ActionName, Actions } from '../native-host/protocol.ts';
import type { HostConnection } from './host-connection.ts';
import type { StateStore } from './state-store.ts';
import { toWireError } from './wire-error.ts';

/** The host only takes the answer in; what AWS says of it comes back as a changed prompt or a finished sign-in. */
const ANSWER_MS = 30_000;

type PromptAction = Extract<ActionName, 'answerPrompt' | 'cancelPrompt'>;

/** Gives the host an answer, or the news that there is none. A failure is shown on the prompt it belongs to. */
export async function sendToPrompt<A extends PromptAction>(
  action: A,
  params: Actions[A]['params'],
  to: { readonly connection: HostConnection; readonly store: StateStore },
) {
  to.store.set({ promptError: undefined });
  try {
    await to.connection.call(action, params, { timeoutMs: ANSWER_MS, needs: 'prompts' });
  } catch (error) {
    to.store.set({ promptError: { promptId: params.promptId, error: toWireError(error) } });
  }
}
