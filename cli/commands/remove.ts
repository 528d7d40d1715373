import { VaultError } from '../../native-host/errors.ts';
import { confirm } from '../ask/terminal.ts';
import type { Cli } from '../cli.ts';
import { type Target, targetText } from '../target-profile.ts';

export type RemoveOptions = Target & { readonly force: boolean; readonly sessionsOnly: boolean };

/** Removes a profile's stored key and its sessions after asking, or only its sessions. */
export async function remove(options: RemoveOptions, cli: Cli): Promise<void> {
  const { profile, namedBy, force, sessionsOnly } = options;
  if (namedBy !== undefined && (force || sessionsOnly)) cli.say(`${cli.programName}: ${targetText(options)}`);
  if (sessionsOnly) {
    const { sessions } = await cli.ask(() => cli.vault.clear(profile));
    cli.print(`Deleted ${sessions} sessions.\n`);
    return;
  }
  // Looked up first: nobody should confirm the removal of something that is not there.
  if (!(await cli.vault.inventory()).storedKeys.includes(profile)) {
    const message = `the vault holds no key for profile ${JSON.stringify(profile)}; see 'keyturn list'`;
    throw new VaultError('CREDENTIALS_NOT_FOUND', message, { details: { profile } });
  }
  const question = `Delete credentials for ${targetText(options)}? (y|N) `;
  if (!force && !(await confirm({ message: question, signal: cli.signal }))) return;
  const { sessions, wasRotating } = await cli.ask(() => cli.vault.keys.remove(profile));
  cli.print('Deleted credentials.\n');
  if (sessions > 0) cli.print(`Deleted ${sessions} sessions.\n`);
  if (!wasRotating) return;
  cli.say('A rotation of this key was under way: its user may have two keys now; delete in IAM what nobody uses.');
}
