import { describe, expect, it } from 'vitest';
import { resolved } from '../engine/resolve.ts';

const layered = `
[default]
region = eu-central-1
mfa_serial = arn:aws:iam::111111111111:mfa/default
[profile common]
external_id = from-common
region = eu-west-1
[profile role]
include_profile = common
role_arn = arn:aws:iam::222222222222:role/Admin
source_profile = user
duration_seconds = 7200
`;

describe('precedence', () => {
  it('goes from the section through what it includes to [default]', async () => {
    const profile = await resolved('role', { config: layered });
    expect(profile).toMatchObject({
      region: 'eu-west-1',
      externalId: 'from-common',
      mfaSerial: 'arn:aws:iam::111111111111:mfa/default',
      sourceProfile: 'user',
      durations: {
        assumeRole: { seconds: 7200, isDefault: false },
        sessionToken: { seconds: 3600, isDefault: true },
        chainedSessionToken: { seconds: 28_800, isDefault: true },
        federationToken: { seconds: 3600, isDefault: true },
      },
    });
  });

  it('puts the environment before the file and a flag before both', async () => {
    const env = { AWS_REGION: 'r1', AWS_DEFAULT_REGION: 'r2', AWS_ASSUME_ROLE_TTL: '15m', AWS_MFA_SERIAL: 'serial' };
    expect(await resolved('role', { config: layered, env })).toMatchObject({
      region: 'r1',
      mfaSerial: 'serial',
      durations: { assumeRole: { seconds: 900, isDefault: false } },
    });
    const flags = { region: 'r0', durationSeconds: 1800 };
    expect(await resolved('role', { config: layered, env, flags })).toMatchObject({
      region: 'r0',
      durations: {
        assumeRole: { seconds: 1800 },
        sessionToken: { seconds: 1800, isDefault: false },
        chainedSessionToken: { seconds: 28_800 },
        federationToken: { seconds: 1800 },
      },
    });
  });

  it('takes role variables of the environment for the profile the user named only', async () => {
    const env = {
      AWS_ROLE_ARN: 'arn:x',
      AWS_ROLE_SESSION_NAME: 'me',
      AWS_SESSION_TAGS: 'a=b,c = d',
      AWS_TRANSITIVE_TAGS: 'a,,b',
    };
    const setting = { config: '[profile p]\n', env };
    expect(await resolved('p', setting)).toMatchObject({
      roleArn: 'arn:x',
      roleSessionName: 'me',
      sessionTags: { a: 'b', c: 'd' },
      transitiveTagKeys: ['a', 'b'],
    });
    const source = await resolved('p', setting, false);
    expect(source).not.toHaveProperty('roleArn');
    expect(source).not.toHaveProperty('sessionTags');
  });

  it('counts an empty variable as unset', async () => {
    const env = { AWS_REGION: '', AWS_DEFAULT_REGION: 'r2' };
    expect((await resolved('role', { config: layered, env })).region).toBe('r2');
  });

  it('clears a source_profile that names the profile itself', async () => {
    expect(await resolved('p', { config: '[profile p]\nsource_profile = p\n' })).not.toHaveProperty('sourceProfile');
  });
});

describe('includes', () => {
  it('finds a loop', async () => {
    const config = '[profile a]\ninclude_profile = b\n[profile b]\ninclude_profile = a\n';
    await expect(resolved('a', { config })).rejects.toMatchObject({
      code: 'PROFILE_LOOP',
      message: expect.stringContaining("'a'"),
    });
  });

  it('takes an include in [default] for every profile, that one included', async () => {
    const config = '[default]\ninclude_profile = common\n[profile common]\nregion = r\n[profile p]\n';
    expect((await resolved('p', { config })).region).toBe('r');
    expect((await resolved('common', { config })).region).toBe('r');
    expect((await resolved('default', { config })).region).toBe('r');
  });

  it('refuses one that is not there', async () => {
    const config = '[profile a]\ninclude_profile = typo\n';
    await expect(resolved('a', { config })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});

describe('settings that cannot be read', () => {
  it.each(['1h', '-5', '0', '12.5', '9999999999'])('refuses duration_seconds = %s with its line', async (text) => {
    const config = `[profile a]\nregion = x\nduration_seconds = ${text}\n`;
    await expect(resolved('a', { config })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(/config:3: duration_seconds of profile "a"/),
    });
  });

  it('leaves other profiles alone', async () => {
    const config = '[profile a]\nduration_seconds = 1h\n[profile b]\nregion = r\n';
    expect((await resolved('b', { config })).region).toBe('r');
  });

  it('refuses a TTL variable that is no duration, by its name', async () => {
    const setting = { config: '[profile a]\n', env: { AWS_SESSION_TOKEN_TTL: '2d' } };
    await expect(resolved('a', setting)).rejects.toThrow('AWS_SESSION_TOKEN_TTL');
  });

  it('refuses session tags without a value', async () => {
    const setting = { config: '[profile a]\nsession_tags = a=b,c\n' };
    await expect(resolved('a', setting)).rejects.toThrow('session tags string must be <key1>=<value1>');
  });
});
