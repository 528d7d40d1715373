import fs from 'node:fs';
import { expect } from 'vitest';
import { addKey, type People, populate, type Result, startWorld, type World } from './world.ts';

/** A world with people to sign in: Ada's three profiles, Grace (a user without MFA), and a role behind a role. */
export type LoginWorld = World & {
  readonly people: People;
  /** `login --stdout` with these words. */
  readonly login: (...args: string[]) => Promise<Result>;
  /** Begins a test: `operations` counts from here. */
  readonly begin: () => void;
  /** Calls to AWS since the test began. */
  readonly calls: () => World['aws']['calls'];
  readonly operations: () => string[];
};

export async function startLoginWorld(): Promise<LoginWorld> {
  const world = await startWorld();
  const people = await populate(world);
  const grace = world.aws.addUser({ account: '222233334444', name: 'grace.with-a-name-that-is-longer-than-32' });
  await addKey(world, 'grace', world.aws.addAccessKey(grace));
  const inner = world.aws.addRole({
    account: '777788889999',
    name: 'inner',
    trusts: ['arn:aws:iam::777788889999:role/reader'],
  });
  fs.appendFileSync(
    world.configFile,
    `[profile inner]\nsource_profile = reader\nrole_arn = ${inner.arn}\n[profile nowhere]\nregion = eu-west-1\n`,
  );
  let before = 0;
  const calls = () => world.aws.calls.slice(before);
  return {
    ...world,
    people,
    login: (...args) => world.run(['login', '--stdout', ...args]),
    begin: () => {
      before = world.aws.calls.length;
    },
    calls,
    operations: () => calls().map(({ operation }) => operation),
  };
}

/** The parts of a printed sign-in URL, and of what was said beside it. */
export function partsOf({ stdout, stderr, status }: Result, notice: unknown = '') {
  expect({ status, stderr }).toEqual({ status: 0, stderr: notice });
  expect(stdout).toMatch(/^\S+\n$/);
  const url = new URL(stdout.trim());
  const { Action, Issuer, Destination, SigninToken, ...others } = Object.fromEntries(url.searchParams);
  expect([Action, Issuer, others]).toEqual(['login', 'keyturn', {}]);
  return { url, place: url.origin + url.pathname, Destination, SigninToken };
}

/** The console's page behind a sign-in URL. */
export async function openedAs(url: URL): Promise<string> {
  const response = await fetch(url, { redirect: 'manual' });
  const cookie = response.headers.get('set-cookie')?.split(';')[0] ?? '';
  const page = await fetch(new URL(response.headers.get('location') ?? '', url), { headers: { cookie } });
  return page.text();
}
