import {
  CreateVirtualMFADeviceCommand,
  DeactivateMFADeviceCommand,
  DeleteVirtualMFADeviceCommand,
  EnableMFADeviceCommand,
  ListMFADevicesCommand,
  ResyncMFADeviceCommand,
} from '@aws-sdk/client-iam';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakeAws, startFakeAws } from './fake-aws.ts';
import { iamClient, type Keys, sessionTokenKeys } from './test-clients.ts';

const SERIAL = 'arn:aws:iam::111122223333:mfa/ada';
const INVALID_CODES = { name: 'InvalidAuthenticationCodeException', $metadata: { httpStatusCode: 403 } };

describe('MFA devices of IAM', () => {
  let aws: FakeAws;
  let now: Date;
  let key: Keys;

  beforeEach(async () => {
    now = new Date();
    aws = await startFakeAws({ now: () => now });
    key = aws.addAccessKey(aws.addUser({ account: '111122223333', name: 'ada' }));
  });
  afterEach(async () => {
    aws.assertNoUnexpectedCalls();
    await aws.close();
  });

  const iam = () => iamClient(aws, key);
  const create = (name = 'ada') => iam().send(new CreateVirtualMFADeviceCommand({ VirtualMFADeviceName: name }));
  const at = (steps: number): Date => new Date(now.getTime() + steps * 30_000);

  /** What EnableMFADevice and ResyncMFADevice take: codes of these steps, counted from now. */
  function codes(first: number, second = first + 1, SerialNumber = SERIAL) {
    const device = aws.mfaDevice(SerialNumber);
    const AuthenticationCode1 = device.code(at(first));
    return { UserName: 'ada', SerialNumber, AuthenticationCode1, AuthenticationCode2: device.code(at(second)) };
  }

  it('are created for nobody, with a secret of 40 bytes that is told once', async () => {
    const { VirtualMFADevice: made } = await create();
    expect(made?.SerialNumber).toBe(SERIAL);
    expect(Buffer.from(made?.Base32StringSeed ?? []).toString()).toBe(aws.mfaDevice(SERIAL).secretBase32);
    expect(made?.Base32StringSeed).toHaveLength(64);
    expect((await iam().send(new ListMFADevicesCommand({}))).MFADevices).toEqual([]);
    await expect(create()).rejects.toMatchObject({
      name: 'EntityAlreadyExistsException',
      $metadata: { httpStatusCode: 409 },
    });
    await expect(create('a b')).rejects.toMatchObject({ name: 'ValidationError' });
  });

  it('are enabled with two codes in a row, which then are spent', async () => {
    await create();
    await expect(iam().send(new EnableMFADeviceCommand(codes(0, 0)))).rejects.toMatchObject(INVALID_CODES);
    await expect(iam().send(new EnableMFADeviceCommand(codes(-2, 0)))).rejects.toMatchObject(INVALID_CODES);
    await expect(iam().send(new EnableMFADeviceCommand(codes(0, -1)))).rejects.toMatchObject(INVALID_CODES);
    await iam().send(new EnableMFADeviceCommand(codes(-1)));
    expect((await iam().send(new ListMFADevicesCommand({}))).MFADevices).toMatchObject([
      { UserName: 'ada', SerialNumber: SERIAL },
    ]);
    const mfa = (steps: number) => ({ SerialNumber: SERIAL, TokenCode: aws.mfaDevice(SERIAL).code(at(steps)) });
    await expect(sessionTokenKeys(aws, key, mfa(0))).rejects.toMatchObject({ name: 'AccessDenied' });
    await expect(sessionTokenKeys(aws, key, mfa(1))).resolves.toBeDefined();
    await expect(iam().send(new EnableMFADeviceCommand(codes(2)))).rejects.toMatchObject({
      name: 'EntityAlreadyExistsException',
    });
  });

  it('whose clock is off serve after a resync only', async () => {
    await create();
    await iam().send(new EnableMFADeviceCommand(codes(-1)));
    const session = (steps: number) =>
      sessionTokenKeys(aws, key, { SerialNumber: SERIAL, TokenCode: aws.mfaDevice(SERIAL).code(at(steps)) });
    await expect(session(20)).rejects.toMatchObject({ name: 'AccessDenied' });
    await expect(iam().send(new ResyncMFADeviceCommand(codes(200)))).rejects.toMatchObject(INVALID_CODES);
    await iam().send(new ResyncMFADeviceCommand(codes(20)));
    await expect(session(22)).resolves.toBeDefined();
  });

  it("are another user's business as little as unknown ones", async () => {
    const device = aws.addMfaDevice(aws.addUser({ account: '111122223333', name: 'bob' }));
    const foreign = new ResyncMFADeviceCommand(codes(-1, 0, device.serial));
    await expect(iam().send(foreign)).rejects.toMatchObject({ name: 'NoSuchEntityException' });
    const unknown = { SerialNumber: `${SERIAL}9` };
    await expect(iam().send(new DeleteVirtualMFADeviceCommand(unknown))).rejects.toMatchObject({
      name: 'NoSuchEntityException',
    });
  });

  it('are deleted when nobody has them any more', async () => {
    await create();
    await iam().send(new EnableMFADeviceCommand(codes(-1)));
    const device = { SerialNumber: SERIAL };
    await expect(iam().send(new DeleteVirtualMFADeviceCommand(device))).rejects.toMatchObject({
      name: 'DeleteConflictException',
      $metadata: { httpStatusCode: 409 },
    });
    await iam().send(new DeactivateMFADeviceCommand({ ...device, UserName: 'ada' }));
    await iam().send(new DeleteVirtualMFADeviceCommand(device));
    expect(aws.mfaSerials()).toEqual([]);
  });

  it('are eight at most for a user', async () => {
    const user = aws.addUser({ account: '111122223333', name: 'many' });
    for (let count = 1; count <= 8; count += 1) aws.addMfaDevice(user, `many${count}`);
    await create('ninth');
    const ninth = { ...codes(-1, 0, 'arn:aws:iam::111122223333:mfa/ninth'), UserName: 'many' };
    await expect(iam().send(new EnableMFADeviceCommand(ninth))).rejects.toMatchObject({
      name: 'LimitExceededException',
    });
  });

  it('keep their codes out of the record of calls', async () => {
    await create();
    const input = codes(-1);
    await iam().send(new EnableMFADeviceCommand(input));
    expect(JSON.stringify(aws.calls)).not.toContain(input.AuthenticationCode1);
  });
});
