import fs from 'node:fs';
import path from 'node:path';
import type { FakeAwsOptions } from '../fake-aws/fake-aws.ts';
import type { SsoHandle, SsoOptions } from '../fake-aws/sso-set-up.ts';
import { startWorld, type World, writeConfig } from './world.ts';

export type SsoWorld = World & {
  readonly sso: SsoHandle;
  /** Puts a program in the place of the browser: a shell script whose `$1` is the address it is to open. */
  readonly installBrowser: (script: string) => void;
  /** A file of the home directory, which the browser's script can write. */
  readonly file: (name: string) => string;
};

/** A browser that goes where it is sent, as one does in which the person is logged in and clicks on Allow. */
export const FOLLOWING = 'curl -sL -o "$HOME/page" "$1"';

/** A world with an IAM Identity Center: `dev` and `prod` by a session, `old` and `fragment` by a start URL of their own, `inner` a role on `dev`, `top` both in one. */
export async function startSsoWorld(options: FakeAwsOptions & { readonly sso?: SsoOptions } = {}): Promise<SsoWorld> {
  const world = await startWorld(options);
  const sso = world.aws.addSso(options.sso);
  const dev = sso.assign({ account: '111122223333', permissionSet: 'Developer' });
  sso.assign({ account: '444455556666', permissionSet: 'Admin' });
  const inner = world.aws.addRole({ account: '777788889999', name: 'inner', trusts: [dev.arn] });
  writeConfig(
    world,
    `[sso-session corp]
sso_start_url = ${sso.startUrl}
sso_region = ${sso.region}
[profile dev]
sso_session = corp
sso_account_id = 111122223333
sso_role_name = Developer
region = eu-west-1
[profile prod]
sso_session = corp
sso_account_id = 444455556666
sso_role_name = Admin
[profile forbidden]
sso_session = corp
sso_account_id = 444455556666
sso_role_name = Developer
[profile old]
sso_start_url = ${sso.startUrl}
sso_region = ${sso.region}
sso_account_id = 111122223333
sso_role_name = Developer
[profile fragment]
sso_start_url = ${sso.startUrl}#/
sso_region = ${sso.region}
sso_account_id = 111122223333
sso_role_name = Developer
[profile inner]
source_profile = dev
role_arn = ${inner.arn}
region = eu-west-1
[profile top]
sso_session = corp
sso_account_id = 111122223333
sso_role_name = Developer
role_arn = ${inner.arn}
`,
  );
  const bin = path.join(world.home, 'bin');
  fs.mkdirSync(bin);
  world.env.PATH = `${bin}:/usr/bin:/bin`;
  const installBrowser = (script: string): void =>
    fs.writeFileSync(path.join(bin, 'xdg-open'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return { ...world, sso, installBrowser, file: (name) => path.join(world.home, name) };
}
