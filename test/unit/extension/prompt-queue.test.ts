import { describe, expect, test } from 'vitest';
import {
  emptyQueue,
  type PromptEvent,
  type PromptQueue,
  reducePrompts,
  waitingBehind,
} from '../../../extension/popup/prompt-queue.ts';
import type { Prompt } from '../../../native-host/protocol.ts';

const mfa = (promptId: string, rest: Partial<Prompt> = {}): Prompt => ({
  promptId,
  kind: 'mfa',
  profile: 'work',
  mfaSerial: 'arn:aws:iam::123456789012:mfa/alice',
  requester: { source: 'browser' },
  ...rest,
});
const queueAfter = (events: readonly PromptEvent[]): PromptQueue => events.reduce(reducePrompts, emptyQueue);
const pushed = (...prompts: Prompt[]): PromptEvent => ({ type: 'pushed', prompts });
const shown = ({ current }: PromptQueue) => (current ? [current.prompt.promptId, current.phase] : undefined);

describe('reducePrompts', () => {
  test('shows the first of the prompts and counts the others', () => {
    const queue = queueAfter([pushed(mfa('a'), mfa('b', { profile: 'other' }))]);
    expect(shown(queue)).toEqual(['a', 'asking']);
    expect(waitingBehind(queue)).toBe(1);
  });

  test('keeps the prompt on screen when the host lists another before it', () => {
    expect(shown(queueAfter([pushed(mfa('a')), pushed(mfa('b'), mfa('a'))]))).toEqual(['a', 'asking']);
  });

  test('goes on to the next when the prompt is withdrawn unanswered', () => {
    expect(shown(queueAfter([pushed(mfa('a'), mfa('b')), pushed(mfa('b'))]))).toEqual(['b', 'asking']);
    expect(shown(queueAfter([pushed(mfa('a')), pushed()]))).toBeUndefined();
  });

  test('stays on the answered prompt until it is settled, so that nothing flickers', () => {
    const events = [pushed(mfa('a')), { type: 'answered' } as const];
    expect(shown(queueAfter(events))).toEqual(['a', 'checking']);
    expect(shown(queueAfter([...events, pushed(mfa('a'))]))).toEqual(['a', 'checking']);
    expect(shown(queueAfter([...events, pushed()]))).toEqual(['a', 'sent']);
    expect(shown(queueAfter([...events, pushed(), pushed()]))).toEqual(['a', 'sent']);
    expect(shown(queueAfter([...events, pushed(), { type: 'settled' }]))).toBeUndefined();
  });

  test('asks again when the answer was rejected, under a new id or the old one', () => {
    const events = [pushed(mfa('a')), { type: 'answered' } as const];
    expect(shown(queueAfter([...events, pushed(), pushed(mfa('b', { rejected: 'wrong' }))]))).toEqual(['b', 'asking']);
    expect(shown(queueAfter([...events, pushed(mfa('a', { rejected: 'wrong' }))]))).toEqual(['a', 'asking']);
  });

  test('takes the retry before a question that waited longer', () => {
    const other = mfa('b', { profile: 'other' });
    const queue = queueAfter([
      pushed(mfa('a'), other),
      { type: 'answered' },
      pushed(other, mfa('c', { rejected: 'wrong' })),
    ]);
    expect(shown(queue)).toEqual(['c', 'asking']);
  });

  test('does not take the question of another program for the retry', () => {
    const terminal = (promptId: string, pid: number) =>
      mfa(promptId, { requester: { source: 'terminal', program: 'terraform', pid } });
    const queue = queueAfter([
      pushed(terminal('a', 1)),
      { type: 'answered' },
      pushed(terminal('b', 2), terminal('c', 1)),
    ]);
    expect(shown(queue)).toEqual(['c', 'asking']);
  });

  test('opens the field again when the answer did not reach the host', () => {
    const events = [pushed(mfa('a')), { type: 'answered' } as const];
    expect(shown(queueAfter([...events, { type: 'failed', promptId: 'a' }]))).toEqual(['a', 'asking']);
    expect(shown(queueAfter([...events, { type: 'failed', promptId: 'z' }]))).toEqual(['a', 'checking']);
  });

  test('is not settled by an earlier prompt', () => {
    expect(shown(queueAfter([pushed(mfa('a')), { type: 'settled' }]))).toEqual(['a', 'asking']);
  });
});
