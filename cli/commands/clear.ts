import type { Cli } from '../cli.ts';

/** Removes the cached sessions of one profile, or of every profile. */
export async function clear({ profile }: { readonly profile: string | undefined }, cli: Cli): Promise<void> {
  const { sessions } = await cli.ask(() => cli.vault.clear(profile));
  cli.print(`Cleared ${sessions} sessions.\n`);
}
