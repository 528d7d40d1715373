import type { Command as AnyCommand, CommandOf } from './args.ts';
import { chosenProfile, pickedProfile, profileAfterDashes, remember } from './chosen-profile.ts';
import type { Cli } from './cli.ts';
import { exec } from './commands/exec.ts';
import { makeCli, type Surroundings } from './make-cli.ts';
import { checkServerFlags } from './server-conflicts.ts';

// The version is printed without any of this.
type Command = Exclude<AnyCommand, 'version'>;

type Runner = { readonly [C in Command]: (invocation: CommandOf<C>, cli: Cli) => Promise<number> };

// exec is what people wait for, so it is part of the program; the others are loaded when they are called.
const runners: Runner = {
  async add({ args, flags }, cli) {
    const { add } = await import('./commands/add.ts');
    const { newKeyTarget } = await import('./target-profile.ts');
    return done(add({ ...flags, ...(await newKeyTarget(args.profile, cli)) }, cli));
  },
  async remove({ args, flags }, cli) {
    const { remove } = await import('./commands/remove.ts');
    const { keyTarget } = await import('./target-profile.ts');
    return done(remove({ ...flags, ...(await keyTarget(args.profile, cli)) }, cli));
  },
  async list({ flags }, cli) {
    const { list } = await import('./commands/list.ts');
    return done(list(flags, cli));
  },
  async rotate({ args, flags }, cli) {
    const { rotate } = await import('./commands/rotate.ts');
    return rotate({ ...flags, ...args, olderThanSeconds: flags.olderThan }, cli);
  },
  async exec({ args: words, flags, origins }, cli) {
    const { profile, cmd: command, args } = await profileAfterDashes(words, cli);
    const check = (): void => checkServerFlags(flags, origins);
    const request = { ...flags, profile, durationSeconds: flags.duration, check };
    if (flags.server || flags.ecsServer || flags.ec2Server) {
      const { execServer } = await import('./commands/exec-server.ts');
      return execServer({ ...request, command, args }, cli);
    }
    if (!flags.json) return exec({ ...request, command, args }, cli);
    const { exportProfile } = await import('./commands/export.ts');
    return done(exportProfile({ ...request, format: 'json' }, cli));
  },
  async export({ args, flags }, cli) {
    const { exportProfile } = await import('./commands/export.ts');
    return done(exportProfile({ ...flags, ...args, durationSeconds: flags.duration }, cli));
  },
  async clear({ args }, cli) {
    const { clear } = await import('./commands/clear.ts');
    return done(clear(args, cli));
  },
  async login({ args, flags }, cli) {
    const { hasEnvironmentKey, login } = await import('./commands/login.ts');
    const profile = args.profile ?? (hasEnvironmentKey(cli) ? undefined : await pickedProfile(cli));
    const services = [args.service, flags.service];
    await login({ ...flags, profile, services, durationSeconds: flags.duration }, cli);
    if (profile !== undefined) remember(profile, cli);
    return 0;
  },
  async logout({ args, flags }, cli) {
    const { logout } = await import('./commands/logout.ts');
    return done(logout({ ...flags, ...args }, cli));
  },
  async import({ flags }, cli) {
    const { importAll } = await import('./commands/import.ts');
    return importAll(flags, cli);
  },
  async 'vault migrate'({ flags }, cli) {
    const { migrateVault } = await import('./commands/vault.ts');
    return migrateVault(flags, cli);
  },
  async 'vault backup'({ args, flags }, cli) {
    const { backupVault } = await import('./commands/vault.ts');
    return backupVault({ ...args, ...flags }, cli);
  },
  async 'vault restore'({ args, flags }, cli) {
    const { restoreVault } = await import('./commands/vault.ts');
    return restoreVault({ ...args, ...flags }, cli);
  },
  async 'vault harden'({ flags }, cli) {
    const { hardenVault } = await import('./commands/harden.ts');
    return hardenVault(flags, cli);
  },
  async unlock(_, cli) {
    const { unlock } = await import('./commands/unlock.ts');
    return done(unlock(cli));
  },
  async lock(_, cli) {
    const { lock } = await import('./commands/unlock.ts');
    return done(lock(cli));
  },
  async 'sso login'({ args, flags }, cli) {
    const { ssoLogin } = await import('./commands/sso-login.ts');
    return done(ssoLogin({ ...flags, ...args }, cli));
  },
  async 'sso logout'({ args, flags }, cli) {
    const { ssoLogout } = await import('./commands/sso-logout.ts');
    return done(ssoLogout({ ...flags, ...args }, cli));
  },
  async 'sso list'({ args, flags }, cli) {
    const { ssoList } = await import('./commands/sso-list.ts');
    return done(ssoList({ ...flags, ...args }, cli));
  },
  async 'sso populate'({ args, flags }, cli) {
    const { ssoPopulate } = await import('./commands/sso-populate.ts');
    return done(ssoPopulate({ ...flags, ...args }, cli));
  },
  async 'mfa add'({ args, flags }, cli) {
    const { mfaAdd } = await import('./commands/mfa-add.ts');
    return done(mfaAdd({ ...flags, profile: await chosenProfile(args.profile, cli) }, cli));
  },
  async 'mfa resync'({ args, flags }, cli) {
    const { mfaResync } = await import('./commands/mfa-resync.ts');
    return done(mfaResync({ ...flags, profile: await chosenProfile(args.profile, cli) }, cli));
  },
  async explain({ args, flags, origins }, cli) {
    const { explain } = await import('./commands/explain.ts');
    const profile = await chosenProfile(args.profile, cli);
    return explain({ ...flags, profile, durationSeconds: flags.duration, origins }, cli);
  },
  async status({ flags }, cli) {
    const { status } = await import('./commands/status.ts');
    return done(status(flags, cli));
  },
  async 'shell-init'({ args, flags }, cli) {
    const { shellInit } = await import('./commands/shell-init.ts');
    return done(shellInit({ ...args, ...flags }, cli));
  },
  async completion({ args }, cli) {
    const { completion } = await import('./commands/completion.ts');
    return done(completion(args, cli));
  },
  async 'shell-env'({ args, flags }, cli) {
    const { shellEnv } = await import('./commands/shell-env.ts');
    return done(shellEnv({ ...flags, ...args, durationSeconds: flags.duration }, cli));
  },
  async proxy({ flags }, cli) {
    const { proxy } = await import('./commands/proxy.ts');
    return proxy(flags, cli);
  },
  async doctor({ flags }, cli) {
    const { doctor } = await import('./commands/doctor.ts');
    return doctor(flags, cli);
  },
  async 'host install'({ flags }, cli) {
    const { installHost } = await import('./commands/host.ts');
    return done(installHost(flags, cli));
  },
  async 'host status'({ flags }, cli) {
    const { hostStatus } = await import('./commands/host.ts');
    return hostStatus(flags, cli);
  },
  async 'host uninstall'({ flags }, cli) {
    const { uninstallHost } = await import('./commands/host.ts');
    return done(uninstallHost(flags, cli));
  },
};

/** Runs the parsed command; its exit status. */
export async function runCommand<C extends Command>(
  invocation: CommandOf<C>,
  surroundings: Surroundings,
): Promise<number> {
  const cli = makeCli(invocation, surroundings);
  // Indexing by the union loses the link between a command and its own runner; the table's type keeps it.
  const run = runners[invocation.command] as (invocation: CommandOf<C>, cli: Cli) => Promise<number>;
  try {
    return await run(invocation, cli);
  } finally {
    await cli.vault.close();
  }
}

async function done(work: Promise<void>): Promise<number> {
  await work;
  return 0;
}
