import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import type { Intent, PopupState } from '../popup-state.ts';
import { emptyQueue, type PromptEvent, type PromptQueue, reducePrompts } from './prompt-queue.ts';

/** How long a rejected code may take to come back from AWS to a program in a terminal before the panel goes away. */
const SENT_MS = 2500;

/** A host that neither takes an answer nor refuses it: the field opens again. */
const CHECKING_MS = 20_000;

/** The prompt queue of this page; it follows the pushed prompts within the same render, so no frame shows the wrong screen. */
export function usePromptQueue(state: PopupState, send: (intent: Intent) => void) {
  const queue = useRef<PromptQueue>(emptyQueue);
  const [, redraw] = useState({});
  if (queue.current.prompts !== state.prompts) {
    queue.current = reducePrompts(queue.current, { type: 'pushed', prompts: state.prompts });
  }
  const dispatch = useCallback((event: PromptEvent) => {
    queue.current = reducePrompts(queue.current, event);
    redraw({});
  }, []);

  const { current } = queue.current;
  const phase = current?.phase;
  const prompt = current?.prompt;
  const promptId = prompt?.promptId;
  const isFromBrowser = prompt?.requester.source === 'browser';
  const signIn = prompt?.profile === undefined ? undefined : state.signIns[prompt.profile];
  const isSigningIn = isFromBrowser && signIn?.status === 'pending';

  const failedId = state.promptError?.promptId;
  useEffect(() => {
    if (failedId !== undefined) dispatch({ type: 'failed', promptId: failedId });
  }, [failedId, dispatch]);

  useEffect(() => {
    if (promptId === undefined || phase === 'asking' || (phase === 'sent' && isSigningIn)) return;
    const [event, delayMs]: [PromptEvent, number] =
      phase === 'checking'
        ? [{ type: 'failed', promptId }, CHECKING_MS]
        : [{ type: 'settled' }, isFromBrowser ? 0 : SENT_MS];
    const timer = setTimeout(() => dispatch(event), delayMs);
    return () => clearTimeout(timer);
  }, [phase, promptId, isSigningIn, isFromBrowser, dispatch]);

  const answer = (text: string) => {
    if (promptId === undefined) return;
    dispatch({ type: 'answered' });
    send({ type: 'answerPrompt', promptId, answer: text });
  };
  const cancel = () => {
    if (promptId === undefined) return;
    if (phase !== 'sent') send({ type: 'cancelPrompt', promptId });
    if (isSigningIn && prompt?.profile !== undefined) send({ type: 'cancelSignIn', profile: prompt.profile });
  };
  return { queue: queue.current, answer, cancel };
}
