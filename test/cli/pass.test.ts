import { afterAll, beforeAll, expect, it } from 'vitest';
import { type PasswordStore, startPasswordStore } from '../contract/password-store.ts';
import { operations, populate, startWorld, type World } from './world.ts';

let world: World;
let store: PasswordStore;

beforeAll(async () => {
  world = await startWorld();
  store = startPasswordStore();
  store.insert('mail/example.com', 'hunter2');
  const { GNUPGHOME = '' } = store.env;
  Object.assign(world.env, { AWS_VAULT_BACKEND: 'pass', AWS_VAULT_PASS_PASSWORD_STORE_DIR: store.dir, GNUPGHOME });
  await populate(world);
});
afterAll(async () => {
  world.aws.assertNoUnexpectedCalls();
  store.close();
  await world.close();
});

it('keeps keys and sessions in the password store, and shows nothing else of it', async () => {
  const shell = ['exec', 'reader', '--', 'sh', '-c', 'echo "$AWS_ACCESS_KEY_ID" | cut -c 1-4'];
  expect(await world.run(shell)).toMatchObject({ status: 0, stdout: expect.stringMatching(/^ASIA/) });
  const before = operations(world).length;
  expect((await world.run(shell)).status).toBe(0);
  expect(operations(world)).toHaveLength(before);
  const { stdout } = await world.run(['list', '--credentials']);
  expect(stdout).toBe('ada\n');
});

it('takes directory, program and folder from flags', async () => {
  const env = {
    AWS_VAULT_PASS_PASSWORD_STORE_DIR: undefined,
    AWS_ACCESS_KEY_ID: 'AKIAEXAMPLEEXAMPLE00',
    AWS_SECRET_ACCESS_KEY: 'secret',
  };
  const flags = [`--pass-dir=${store.dir}`, '--pass-cmd=/usr/bin/pass', '--pass-prefix=aws/keys'];
  expect(await world.run([...flags, 'add', '--env', '--no-verify', '--no-add-config', 'spare'], { env })).toMatchObject(
    { status: 0 },
  );
  expect((await world.run([...flags, 'list', '--credentials'], { env })).stdout).toBe('spare\n');
  expect(JSON.parse(store.show('aws/keys/spare'))).toMatchObject({ Key: 'spare', Label: 'aws-vault (spare)' });
});
