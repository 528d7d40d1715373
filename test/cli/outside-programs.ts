import fs from 'node:fs';
import path from 'node:path';
import type { World } from './world.ts';

/** A directory of programs that stand in for those of a desktop; it comes first on PATH. */
export function programs(world: World): { readonly bin: string; readonly env: Record<string, string> } {
  const bin = path.join(world.home, 'bin');
  fs.mkdirSync(bin, { recursive: true });
  return { bin, env: { PATH: `${bin}:/usr/bin:/bin` } };
}

/** A shell script of that name; it records its arguments in NAME.args, one line each call. */
export function install(world: World, name: string, body: string): void {
  const { bin } = programs(world);
  const script = `#!/bin/sh\nprintf '%s|' "$@" >> ${bin}/${name}.args; echo >> ${bin}/${name}.args\n${body}\n`;
  fs.writeFileSync(path.join(bin, name), script, { mode: 0o755 });
}

/** Each call's arguments, joined with `|`. */
export function callsOf(world: World, name: string): string[] {
  const file = path.join(world.home, 'bin', `${name}.args`);
  return fs.existsSync(file) ? fs.readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];
}

/** A YubiKey: `env` for whoever is to use it, and what is on it. */
export function yubikey(world: World) {
  const { bin, env } = programs(world);
  const state = path.join(world.home, 'yubikey.json');
  const program = path.resolve('test/cli/drivers/ykman.ts');
  fs.writeFileSync(path.join(bin, 'ykman'), `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`, {
    mode: 0o755,
  });
  const read = (file: string, otherwise: string): string =>
    fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : otherwise;
  return {
    env: { ...env, YKMAN_STATE: state },
    put: (name: string, secret: string): void => fs.writeFileSync(state, JSON.stringify({ [name]: secret })),
    accounts: (): Record<string, string> => JSON.parse(read(state, '{}')),
    calls: (): string[] => read(`${state}.calls`, '').split('\n').slice(0, -1),
  };
}
