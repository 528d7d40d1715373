import { styleText } from 'node:util';
import { VaultError } from '../../native-host/errors.ts';
import { chosenSso } from '../chosen-sso.ts';
import type { Cli } from '../cli.ts';
import { printable } from '../output.ts';
import { progressBar } from '../progress-bar.ts';

export type SsoPopulateOptions = {
  readonly session: string | undefined;
  readonly template: string;
  readonly prefix: string;
  readonly region: string | undefined;
  readonly account: readonly string[];
  readonly role: readonly string[];
  readonly dryRun: boolean;
  readonly yes: boolean;
  readonly stdout: boolean;
};

type Plan = Awaited<ReturnType<Cli['vault']['sso']['planPopulate']>>;
type DiffLine = Plan['diff']['lines'][number];

/** Writes profiles for accounts and roles into the config file, after showing what would change and asking. */
export async function ssoPopulate(options: SsoPopulateOptions, cli: Cli): Promise<void> {
  const plan = await planned(options, cli);
  const { added, removed, changed, unchanged, lines } = plan.diff;
  for (const { profile, why } of plan.skipped) {
    cli.say(`${cli.programName}: left out ${JSON.stringify(profile)}: ${why}`);
  }
  if (plan.before.equals(plan.after)) return cli.print(`${plan.file}: nothing to change, ${unchanged} profiles\n`);
  cli.print(diffText(lines, plan.file, cli));
  const summary = `${added} added, ${changed} changed, ${removed} removed, ${unchanged} as they were`;
  if (options.dryRun) return cli.print(`Would write to ${plan.file}: ${summary}\n`);
  if (!options.yes && !(await isAllowed(plan, cli))) return cli.print('Nothing was written.\n');
  await cli.vault.sso.applyPopulate(plan);
  cli.print(`Wrote to ${plan.file}: ${summary}\n`);
}

async function planned(options: SsoPopulateOptions, cli: Cli): Promise<Plan> {
  const { template, prefix, region, account: accountPatterns, role: rolePatterns, stdout } = options;
  const target = await chosenSso(options.session, cli);
  const request = { target, template, prefix, region, accountPatterns, rolePatterns };
  const bar = progressBar('accounts', cli);
  try {
    return await cli.ask((call) => cli.vault.sso.planPopulate({ ...request, onProgress: bar.show }, call), { stdout });
  } finally {
    bar.clear();
  }
}

/** @throws VaultError USAGE where nobody can be asked */
async function isAllowed({ file }: Plan, cli: Cli): Promise<boolean> {
  const { askTerminal, hasTerminal } = await import('../ask/terminal.ts');
  if (!hasTerminal()) {
    throw new VaultError(
      'USAGE',
      `nothing was written to ${file}, because nobody can be asked here; use --yes to write it`,
    );
  }
  const message = `Write this to ${file}? (y|N) `;
  const answer = await askTerminal({ message, secret: false, signal: cli.signal });
  return ['y', 'yes'].includes(answer.toLowerCase());
}

function diffText(lines: readonly DiffLine[], file: string, cli: Cli): string {
  const isColoured = cli.stdoutIsTty() && !cli.env.NO_COLOR;
  const colours = { '+': 'green', '-': 'red', ' ': 'reset' } as const;
  const shown = lines.map(({ sign, text }) => {
    const line = printable(sign + text);
    return isColoured ? styleText(colours[sign], line, { validateStream: false }) : line;
  });
  return [`--- ${file}`, `+++ ${file}`, ...shown].map((line) => `${line}\n`).join('');
}
