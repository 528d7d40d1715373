import { expect } from 'vitest';
import { readAwsVaultItem } from './aws-vault-items.ts';
import type { People, Result, World } from './world.ts';

/** As aws-vault shows a key. */
export const masked = (accessKeyId: string): string => `****************${accessKeyId.slice(-4)}`;

/** Ada's keys and her item in the vault, as rotation leaves them. */
export class RotatedKeys {
  private readonly world: World;
  private readonly user: People['user'];

  constructor(world: World, { user }: People) {
    this.world = world;
    this.user = user;
  }

  /** The user's keys as IAM has them. */
  inIam(): { readonly id: string; readonly isActive: boolean }[] {
    return this.world.aws.accessKeys(this.user).map(({ accessKeyId, isActive }) => ({ id: accessKeyId, isActive }));
  }

  async storedItem(profile = 'ada'): Promise<Record<string, unknown>> {
    const { data } = await readAwsVaultItem(this.world, profile);
    return typeof data === 'object' && data !== null ? { ...data } : {};
  }

  /** Without the MFA that would need a code for each run. */
  rotate(...args: string[]): Promise<Result> {
    return this.world.run(['rotate', '-n', ...args]);
  }

  /** What every way through a rotation must end in: one key, active, in the vault, working, and nothing under way. */
  async expectOneWorking(): Promise<string> {
    const [key, ...others] = this.inIam();
    expect(others).toEqual([]);
    expect(key?.isActive).toBe(true);
    const { KeyturnRotation, AccessKeyID } = await this.storedItem();
    expect(KeyturnRotation).toBeUndefined();
    expect(AccessKeyID).toBe(key?.id);
    expect(await this.world.run(['exec', 'reader', '--', 'true'])).toEqual({ status: 0, stdout: '', stderr: '' });
    return key?.id ?? '';
  }
}
