import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeTestCertificates } from '../fake-aws/certificates.ts';
import { type FakeAws, startFakeAws } from '../fake-aws/fake-aws.ts';
import { addKey, startWorld, type World, writeConfig } from './world.ts';

let world: World;
let aws: FakeAws;
let directory: string;
let env: Record<string, string | undefined>;

const PARTITIONS = [
  ['aws', 'eu-west-1', 'signin.aws.amazon.com', 'console.aws.amazon.com', 'us-east-1'],
  ['aws-cn', 'cn-northwest-1', 'signin.amazonaws.cn', 'console.amazonaws.cn', 'cn-north-1'],
  ['aws-us-gov', 'us-gov-east-1', 'signin.amazonaws-us-gov.com', 'console.amazonaws-us-gov.com', 'us-gov-west-1'],
  ['aws-eusc', 'eusc-de-east-1', 'signin.amazonaws-eusc.eu', 'console.amazonaws-eusc.eu', 'eusc-de-east-1'],
  ['aws-iso', 'us-iso-west-1', 'signin.c2shome.ic.gov', 'console.c2shome.ic.gov', 'us-iso-east-1'],
  ['aws-iso-b', 'us-isob-east-1', 'signin.sc2shome.sgov.gov', 'console.sc2shome.sgov.gov', 'us-isob-east-1'],
  ['aws-iso-e', 'eu-isoe-west-1', 'signin.csphome.adc-e.uk', 'console.csphome.adc-e.uk', 'eu-isoe-west-1'],
  ['aws-iso-f', 'us-isof-east-1', 'signin.csphome.hci.ic.gov', 'console.csphome.hci.ic.gov', 'us-isof-south-1'],
] as const;

/** AWS under its own names, over TLS and through a proxy, so that the program has nothing to go by but its own tables. */
beforeAll(async () => {
  world = await startWorld();
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'keyturn-partitions-'));
  const certificates = await makeTestCertificates(directory);
  aws = await startFakeAws({ tls: certificates });
  env = {
    AWS_ENDPOINT_URL: undefined,
    AWS_ENDPOINT_URL_SIGNIN: undefined,
    HTTPS_PROXY: aws.proxyUrl,
    AWS_CA_BUNDLE: certificates.caFile,
  };
  const account = '111122223333';
  const sections: string[] = [];
  for (const [partition, region] of PARTITIONS) {
    const user = aws.addUser({ account, name: `ann-${partition}`, partition });
    const role = aws.addRole({ account, name: `dev-${partition}`, trusts: [user.arn], partition });
    await addKey(world, `user-${partition}`, aws.addAccessKey(user));
    sections.push(`[profile user-${partition}]\nregion = ${region}`);
    sections.push(
      `[profile role-${partition}]\nregion = ${region}\nsource_profile = user-${partition}\nrole_arn = ${role.arn}`,
    );
    sections.push(`[profile bare-${partition}]\nsource_profile = user-${partition}\nrole_arn = ${role.arn}`);
  }
  writeConfig(world, `${sections.join('\n')}\n`);
});
afterAll(async () => {
  aws.assertNoUnexpectedCalls();
  await aws.close();
  await world.close();
  fs.rmSync(directory, { recursive: true, force: true });
});

async function printed(...args: string[]): Promise<URL> {
  const { stdout, stderr, status } = await world.run(args, { env });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return new URL(stdout.trim());
}

describe.each(PARTITIONS)('in %s', (partition, region, signin, console, first) => {
  it.each(['user', 'role'])('a %s signs in at its own hosts', async (kind) => {
    const url = await printed('login', '-s', `${kind}-${partition}`, 's3');
    expect(url.origin + url.pathname).toBe(`https://${signin}/federation`);
    expect(url.searchParams.get('Destination')).toBe(`https://${region}.${console}/s3/home?region=${region}`);
    expect(aws.connects.at(-1)?.target).toBe(`${signin}:443`);
  });

  it('a role without a region has its ARN’s partition, and the page all the same', async () => {
    const url = await printed('login', '-s', `bare-${partition}`, '--path', '/s3/home?a=b#c');
    expect(url.origin).toBe(`https://${signin}`);
    expect(url.searchParams.get('Destination')).toBe(`https://${console}/s3/home?a=b#c`);
  });

  it('a service without a region of its own opens in the partition’s first', async () => {
    const url = await printed('login', '-s', `role-${partition}`, 'iam');
    expect(url.searchParams.get('Destination')).toBe(`https://${first}.${console}/iam/home?region=${first}`);
  });

  it('a whole address is taken from this partition’s consoles only', async () => {
    for (const [other, otherRegion, , host] of PARTITIONS) {
      const address = `https://${otherRegion}.${host}/s3/home`;
      const { stderr, stdout } = await world.run(['login', '-s', `role-${partition}`, '--path', address], { env });
      if (other === partition) expect(new URL(stdout.trim()).searchParams.get('Destination')).toBe(address);
      else expect(stderr).toMatch(/is not an AWS console of this profile's partition .*\[USAGE\]\n$/);
    }
  });

  it('signing out has the regional host, before the sign-in and alone', async () => {
    const url = await printed('login', '-s', '--logout', `role-${partition}`);
    expect(url.origin + url.pathname).toBe(`https://${first}.${signin}/oauth`);
    const next = new URL(url.searchParams.get('redirect_uri') ?? '');
    expect(next.origin + next.pathname).toBe(`https://${first}.${signin}/federation`);
    expect((await printed('logout', '-s', '--keep-sessions', `role-${partition}`)).href).toBe(
      `https://${first}.${signin}/oauth?Action=logout`,
    );
  });
});
