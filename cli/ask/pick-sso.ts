import fuzzysort from 'fuzzysort';
import { VaultError } from '../../native-host/errors.ts';
import type { Cli } from '../cli.ts';
import { type SsoName, type SsoTarget, ssoLabel } from '../sso-label.ts';
import { pick } from './pick.ts';

type Choice = { readonly value: string; readonly name: string; readonly short: string; readonly disabled: false };

const MARK_WIDTH = 3;

/**
 * Lets the person at the terminal choose an IAM Identity Center, by typing parts of its name or start URL.
 * @throws VaultError CANCELLED on Esc and Ctrl-C
 */
export async function pickSso(names: readonly SsoName[], { signal }: Pick<Cli, 'signal'>): Promise<SsoTarget> {
  const labels = names.map(ssoLabel);
  const chosen = await pick<Choice>('Login', {
    choices: (columns) =>
      labels.map((label, index) => ({
        value: String(index),
        ...{ name: label.slice(0, Math.max(1, columns - MARK_WIDTH)), short: label, disabled: false },
      })),
    matching: (term = '', choices) =>
      term.trim() === '' ? choices : fuzzysort.go(term.trim(), choices, { key: 'name' }).map(({ obj }) => obj),
    signal,
    nothing: 'no login was chosen',
  });
  const name = names[Number(chosen)];
  if (name === undefined) throw new VaultError('INTERNAL', 'a choice that was not offered');
  return name.target;
}
