import type { Keyring } from '../keyring/keyring.ts';

export type Env = Readonly<Record<string, string | undefined>>;

/** All that the outside world is to the engine. Only the two main.ts files make one from the real process. */
export type Context = {
  readonly now: () => Date;
  readonly env: Env;
  readonly keyring: Keyring;
  /** Where the AWS CLI keeps its tokens of IAM Identity Center; only if they are shared with it. */
  readonly ssoCacheDir?: string;
  readonly signal: AbortSignal;
  /** A line for --debug. Never receives a secret. */
  readonly log: (line: string) => void;
};
