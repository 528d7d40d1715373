import { setTimeout as sleep } from 'node:timers/promises';
import { AwsError } from './aws-error.ts';

/** `operation`: as AWS names it (`AssumeRole`, `getSigninToken`, `login`, `console`, …), or `*` for every one. */
export type FailOptions = {
  readonly operation: string;
  /** How often; 1 if not given. */
  readonly times?: number;
  readonly status: number;
  readonly code: string;
  readonly message: string;
};

/** More calls than `perSecond` in a second are answered 429, as AWS does. */
export type LimitOptions = { readonly operation: string; readonly perSecond: number };

export type DelayOptions = { readonly operation: string; readonly ms: number; readonly times?: number };

/** `when: 'after'`: the operation is done and only its answer is lost. */
export type CutOptions = { readonly operation: string; readonly times?: number; readonly when?: 'before' | 'after' };

/** `after`: how many calls are let through first; none if not given. */
export type HoldOptions = { readonly operation: string; readonly after?: number };

/** An operation held at the door. */
export type Hold = {
  /** Resolves when the first call has arrived. */
  readonly arrived: Promise<void>;
  /** Lets the held calls, and all later ones, through. */
  readonly release: () => void;
};

type Fault = { readonly operation: string; timesLeft: number } & (
  | { readonly type: 'fail'; readonly error: AwsError }
  | { readonly type: 'delay'; readonly ms: number }
  | { readonly type: 'cut'; readonly when: 'before' | 'after' }
  | { readonly type: 'pass' }
  | { readonly type: 'limit'; readonly perSecond: number; readonly times: number[] }
  | { readonly type: 'hold'; readonly arrive: () => void; readonly released: Promise<void> }
);

type FaultOf<T extends Fault['type']> = Extract<Fault, { type: T }>;

export type Faults = {
  readonly fail: (options: FailOptions) => void;
  readonly delay: (options: DelayOptions) => void;
  readonly cut: (options: CutOptions) => void;
  readonly hold: (options: HoldOptions) => Hold;
  readonly limit: (options: LimitOptions) => void;
  /** Waits as holds and delays say. */
  readonly pause: (operation: string) => Promise<void>;
  readonly isCut: (operation: string, when: 'before' | 'after') => boolean;
  /** @throws AwsError the failure that is due */
  readonly throwIfDue: (operation: string) => void;
};

function take<T extends Fault['type']>(
  faults: readonly Fault[],
  operation: string,
  matches: (fault: Fault) => fault is FaultOf<T>,
): FaultOf<T> | undefined {
  const due = faults
    .filter((fault) => fault.timesLeft > 0 && (fault.operation === operation || fault.operation === '*'))
    .find(matches);
  if (due !== undefined) due.timesLeft -= 1;
  return due;
}

function newHold(faults: Fault[], { operation, after = 0 }: HoldOptions): Hold {
  if (after > 0) faults.push({ type: 'pass', operation, timesLeft: after });
  const arrival = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  const fault: Fault = {
    type: 'hold',
    operation,
    timesLeft: Number.POSITIVE_INFINITY,
    arrive: arrival.resolve,
    released: release.promise,
  };
  faults.push(fault);
  const letThrough = (): void => {
    fault.timesLeft = 0;
    release.resolve();
  };
  return { arrived: arrival.promise, release: letThrough };
}

async function pause(faults: readonly Fault[], operation: string): Promise<void> {
  const isLetThrough = take(faults, operation, (fault) => fault.type === 'pass') !== undefined;
  const hold = isLetThrough ? undefined : take(faults, operation, (fault) => fault.type === 'hold');
  hold?.arrive();
  await hold?.released;
  const delay = take(faults, operation, (fault) => fault.type === 'delay');
  if (delay !== undefined) await sleep(delay.ms);
}

function throwIfDue(faults: readonly Fault[], operation: string): void {
  const failure = take(faults, operation, (fault) => fault.type === 'fail');
  if (failure !== undefined) throw failure.error;
  const limit = take(faults, operation, (fault) => fault.type === 'limit');
  if (limit === undefined) return;
  const now = Date.now();
  const { times, perSecond } = limit;
  while (times[0] !== undefined && times[0] <= now - 1000) times.shift();
  if (times.length >= perSecond) throw new AwsError(429, 'TooManyRequestsException', 'HTTP 429 Unknown Code');
  times.push(now);
}

/** What goes wrong on purpose. Faults of one kind are used up in the order they were set. */
export function newFaults(): Faults {
  const faults: Fault[] = [];
  return {
    fail: ({ operation, times = 1, status, code, message }) => {
      faults.push({ type: 'fail', operation, timesLeft: times, error: new AwsError(status, code, message) });
    },
    delay: ({ operation, ms, times = Number.POSITIVE_INFINITY }) => {
      faults.push({ type: 'delay', operation, timesLeft: times, ms });
    },
    cut: ({ operation, times = 1, when = 'before' }) => {
      faults.push({ type: 'cut', operation, timesLeft: times, when });
    },
    hold: (options) => newHold(faults, options),
    limit: ({ operation, perSecond }) => {
      faults.push({ type: 'limit', operation, timesLeft: Number.POSITIVE_INFINITY, perSecond, times: [] });
    },
    pause: (operation) => pause(faults, operation),
    isCut: (operation, when) =>
      take(faults, operation, (fault): fault is FaultOf<'cut'> => fault.type === 'cut' && fault.when === when) !==
      undefined,
    throwIfDue: (operation) => throwIfDue(faults, operation),
  };
}
