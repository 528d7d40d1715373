import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { finished, KEYTURN, populate, type Result, startWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
  await populate(world);
});
afterAll(async () => {
  world.aws.assertNoUnexpectedCalls();
  await world.close();
});

/** A line of a script, as bash runs it: `$K` is the program. */
async function bash(script: string): Promise<Result> {
  const env = { ...world.env, K: KEYTURN };
  return finished(spawn('/bin/bash', ['-c', script], { env, cwd: world.home, stdio: ['ignore', 'pipe', 'pipe'] }));
}

const EXEC = '"$K" exec reader --';

describe('a program that is started through exec', () => {
  it('has the open files that it would have without it, and no others', async () => {
    const open = 'exec 3>&2 7</etc/passwd 9>lock 13< <(:);';
    const list = `sh -c 'for fd in /proc/self/fd/*; do [ -e "$fd" ] && echo "\${fd##*/}"; done'`;
    const plain = await bash(`${open} ${list}; :`);
    const through = await bash(`${open} ${EXEC} ${list}; :`);
    expect(through, through.stderr).toEqual(plain);
    expect(plain.stdout.split('\n')).toEqual(expect.arrayContaining(['3', '7', '9']));
    expect(await bash(`exec 5<<<fifth; ${EXEC} sh -c 'cat <&5'; :`)).toMatchObject({ stdout: 'fifth\n' });
    expect(await bash(`exec 5<<<fifth; ${EXEC.replace('exec', 'exec -s')} sh -c 'cat <&5'; :`)).toMatchObject({
      stdout: 'fifth\n',
    });
  });

  it.each([
    ['under nohup', `nohup ${EXEC}`],
    ['in a script under nohup', `nohup bash -c '${EXEC} "$@"; exit $?' script`],
  ])('outlives its terminal %s', async (_, start) => {
    const { stdout, stderr } = await bash(`${start} sh -c 'kill -HUP $$; echo alive'; :`);
    expect(stdout, stderr).toBe('alive\n');
  });

  it('ends with its terminal otherwise', async () => {
    expect(await bash(`${EXEC} sh -c 'kill -HUP $$; echo alive'; echo $?`)).toMatchObject({ stdout: '129\n' });
  });
});

describe('the executable', () => {
  it('runs under any name, also that of a login shell', async () => {
    const { stdout, stderr } = await bash(
      `exec -a -aws-vault "$K" exec reader -- sh -c 'echo "$@"' -- --version -- -x`,
    );
    expect(stdout, stderr).toBe('--version -- -x\n');
  });

  it('says in one line what a copy without the rest is missing', async () => {
    const copy = path.join(world.home, 'keyturn');
    fs.copyFileSync(KEYTURN, copy);
    const { status, stdout, stderr } = await finished(spawn(copy, ['list'], { env: world.env }));
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toBe(
      `keyturn: error: ${copy} is without its directory ${world.home}/lib; make a symbolic link to it in place of a copy, or move its whole directory [INTERNAL]\n`,
    );
  });
});
