import fs from 'node:fs';
import path from 'node:path';
import { FOLLOWING, type SsoWorld, startSsoWorld } from './sso-world.ts';
import { addKey, writeConfig } from './world.ts';

export type ProfilesWorld = SsoWorld & {
  /** A code of the MFA device of one of the users: each has a device of their own, because a code is good once. */
  readonly codeOf: (user: string) => string;
};

export const role = (name: string, number: number): string => `arn:aws:iam::777788889999:role/${name}${number}`;
export const serial = (user: string): string => `arn:aws:iam::111122223333:mfa/${user}`;

const STORED_KEYS = [
  'user',
  'plain',
  'away',
  'two',
  'deep',
  'long',
  'raw',
  'own',
  'inherits',
  'env',
  'alias',
  'cap',
  'mid',
  'proc',
];

/** A profile of every kind, and of every kind of mistake. */
const config = ({ file, sso }: SsoWorld): string => `[default]
region = eu-west-1
[profile user]
mfa_serial = ${serial('user')}
[profile plain]
[profile away]
[profile away-role]
source_profile = away
role_arn = ${role('open', 1)}
external_id = x:1
role_session_name = a.b
session_tags = Team=Core Ü,cost=1
transitive_session_tags = Team
source_identity = ada
[profile two]
mfa_serial = ${serial('two')}
[profile two-role]
source_profile = two
role_arn = ${role('guarded', 1)}
mfa_serial = ${serial('two')}
duration_seconds = 1800
[profile deep]
mfa_serial = ${serial('deep')}
[profile deep-1]
source_profile = deep
role_arn = ${role('hop', 1)}
mfa_serial = ${serial('deep')}
[profile deep-2]
source_profile = deep-1
role_arn = ${role('hop', 2)}
[profile deep-3]
source_profile = deep-2
role_arn = ${role('hop', 3)}
mfa_serial = ${serial('deep')}
[profile deep-4]
source_profile = deep-3
role_arn = ${role('hop', 4)}
duration_seconds = 7200
region = us-west-2
[profile long]
mfa_serial = ${serial('long')}
[profile long-role]
source_profile = long
role_arn = ${role('guarded', 2)}
mfa_serial = ${serial('long')}
duration_seconds = 7200
[profile raw]
mfa_serial = ${serial('raw')}
[profile raw-role]
source_profile = raw
role_arn = ${role('guarded', 3)}
mfa_serial = ${serial('raw')}
[profile own]
role_arn = ${role('open', 2)}
source_profile = nowhere
[profile base]
mfa_serial = ${serial('inherits')}
role_session_name = included
[profile inherits]
include_profile = base
[profile inherits-role]
include_profile = base
source_profile = inherits
role_arn = ${role('guarded', 4)}
[profile env]
[profile env-role]
source_profile = env
role_arn = ${role('open', 9)}
[profile alias]
[profile alias-name]
source_profile = alias
mfa_serial = ${serial('alias')}
[profile cap]
[profile cap-1]
source_profile = cap
role_arn = ${role('capped', 1)}
duration_seconds = 7200
[profile cap-2]
source_profile = cap-1
role_arn = ${role('capped', 2)}
duration_seconds = 10800
[profile mid]
[profile mid-role]
source_profile = mid
role_arn = ${role('guarded', 5)}
mfa_serial = ${serial('mid')}
[profile proc]
mfa_serial = ${serial('proc')}
[profile proc-role]
source_profile = proc
role_arn = ${role('guarded', 6)}
mfa_serial = ${serial('proc')}
mfa_process = cat ${file('code')}
[profile web]
role_arn = ${role('web', 1)}
web_identity_token_file = ${file('token')}
role_session_name = ci
[profile web-role]
source_profile = web
role_arn = ${role('behind-web', 1)}
[profile saml]
role_arn = ${role('saml', 1)}
saml_process = cat ${file('assertion')}
duration_seconds = 5400
[profile saml-role]
source_profile = saml
role_arn = ${role('behind-saml', 1)}
region = ap-south-1
session_tags = Team=Core
duration_seconds = 900
[profile login]
login_session = arn:aws:iam::111122223333:user/login
[profile login-role]
source_profile = login
role_arn = ${role('open', 7)}
[profile login-mfa]
source_profile = login
role_arn = ${role('guarded', 7)}
mfa_serial = ${serial('login')}
duration_seconds = 7200
[profile login-top]
login_session = arn:aws:iam::111122223333:user/login
role_arn = ${role('open', 8)}
[profile login-wrong]
login_session = nobody
[profile saml-without-role]
saml_process = get
[profile saml-code]
source_profile = saml
role_arn = ${role('behind-saml', 1)}
mfa_serial = ${serial('user')}
[profile process]
credential_process = echo process >> ${file('runs')}; cat ${file('process.json')}
[profile process-role]
credential_process = echo process >> ${file('runs')}; cat ${file('process.json')}
role_arn = ${role('open', 3)}
[profile environment]
credential_source = Environment
role_arn = ${role('open', 4)}
[profile sso]
sso_session = corp
sso_account_id = 111122223333
sso_role_name = Engineer
[profile sso-role]
source_profile = sso
role_arn = ${role('behind-sso', 1)}
[profile sso-top]
sso_session = corp
sso_account_id = 111122223333
sso_role_name = Engineer
role_arn = ${role('behind-sso', 2)}
duration_seconds = 7200
[profile shared]
sso_start_url = ${sso.startUrl}
sso_region = ${sso.region}
sso_account_id = 111122223333
[profile sso-included]
include_profile = shared
sso_role_name = Engineer
[sso-session corp]
sso_start_url = ${sso.startUrl}
sso_region = ${sso.region}
[profile loop-a]
source_profile = loop-b
role_arn = ${role('open', 5)}
[profile loop-b]
source_profile = loop-a
role_arn = ${role('open', 5)}
[profile turns]
include_profile = turns-too
[profile turns-too]
include_profile = turns
[profile hollow]
[profile in-plain-text]
[profile misspelt]
source_profile = usre
role_arn = ${role('open', 5)}
[profile hour]
source_profile = away
role_arn = ${role('open', 5)}
duration_seconds = 1h
[profile short]
source_profile = away
role_arn = ${role('open', 5)}
duration_seconds = 60
[profile tags]
source_profile = away
role_arn = ${role('open', 5)}
session_tags = nonsense
[profile sso-half]
sso_session = corp
sso_account_id = 111122223333
[profile sso-nowhere]
sso_session = nowhere
sso_account_id = 111122223333
sso_role_name = Engineer
[profile web-without-role]
web_identity_token_file = ${file('token')}
[profile source-wrong]
credential_source = Moon
role_arn = ${role('open', 5)}
[profile sso-code]
source_profile = sso
role_arn = ${role('behind-sso', 1)}
mfa_serial = ${serial('user')}
`;

/**
 * A world with a profile of every kind and what each needs: users, roles, an identity provider, IAM Identity Center, programs.
 * The key of `credential_process` is in the variables OUTSIDE_ID and OUTSIDE_SECRET too.
 */
export async function startProfilesWorld(): Promise<ProfilesWorld> {
  const world = await startSsoWorld();
  const devices = new Map<string, ReturnType<SsoWorld['aws']['addMfaDevice']>>();
  const { aws } = world;
  const keys = STORED_KEYS.map((name) => {
    const user = aws.addUser({ account: '111122223333', name });
    devices.set(name, aws.addMfaDevice(user));
    return { name, user, key: aws.addAccessKey(user) };
  });
  const outsider = aws.addUser({ account: '111122223333', name: 'outside' });
  const console = aws.addUser({ account: '111122223333', name: 'login' });
  devices.set('login', aws.addMfaDevice(console));
  const users = [outsider, console, ...keys.map(({ user }) => user)].map(({ arn }) => arn);
  const add = (
    name: string,
    number: number,
    options: { trusts: string[]; requireMfa?: boolean; externalId?: string },
  ) =>
    aws.addRole({ account: '777788889999', name: `${name}${number}`, maxSessionDurationSeconds: 43_200, ...options });
  add('open', 1, { trusts: users, externalId: 'x:1' });
  for (const number of [2, 3, 4, 5, 6, 7, 8]) add('open', number, { trusts: users });
  for (const number of [1, 2, 3, 4, 5, 6, 7]) add('guarded', number, { trusts: users, requireMfa: true });
  let before = users;
  for (const number of [1, 2, 3, 4]) before = [add('hop', number, { trusts: before }).arn];
  const { arn } = add('capped', 1, { trusts: users });
  add('capped', 2, { trusts: [arn] });
  const identity = aws.addWebIdentity({ account: '777788889999', subject: 'ci' });
  fs.writeFileSync(world.file('token'), identity.token);
  add('behind-web', 1, { trusts: [add('web', 1, { trusts: [identity.providerArn] }).arn] });
  const provider = aws.addSamlProvider({ account: '777788889999' });
  const corp = add('saml', 1, { trusts: [provider.providerArn] });
  fs.writeFileSync(world.file('assertion'), provider.assertion({ roles: [corp.arn] }));
  add('behind-saml', 1, { trusts: [corp.arn] });
  const { name: loginFile, text } = aws.addConsoleUser(console).cacheFile();
  const logins = path.join(world.home, '.aws', 'login', 'cache');
  fs.mkdirSync(logins, { recursive: true });
  fs.writeFileSync(path.join(logins, loginFile), text, { mode: 0o600 });
  const engineer = world.sso.assign({ account: '111122223333', permissionSet: 'Engineer' });
  for (const number of [1, 2]) add('behind-sso', number, { trusts: [engineer.arn] });
  world.installBrowser(FOLLOWING);
  // The keys first: a profile that has a source already is given none.
  for (const { name, key } of keys) await addKey(world, name, key);
  writeConfig(world, config(world));
  const outside = aws.addAccessKey(outsider);
  const { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey } = outside;
  fs.writeFileSync(world.file('process.json'), JSON.stringify({ Version: 1, AccessKeyId, SecretAccessKey }));
  world.env.OUTSIDE_ID = AccessKeyId;
  world.env.OUTSIDE_SECRET = SecretAccessKey;
  const plain = `[in-plain-text]\naws_access_key_id = ${AccessKeyId}\naws_secret_access_key = ${SecretAccessKey}\n`;
  fs.writeFileSync(path.join(world.home, '.aws', 'credentials'), plain);
  const codeOf = (user: string): string => {
    const device = devices.get(user);
    if (device === undefined) throw new Error(`there is no user ${user}`);
    return device.freshCode();
  };
  return { ...world, codeOf };
}
