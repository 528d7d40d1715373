import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** These wait for the next codes of an MFA device, half a minute each: what has begun with them has the others to run meanwhile. */
const WAITING = ['usage.test.ts', 'mfa-yubikey.test.ts', 'mfa-drivers.test.ts'];

/** Files in vitest's own order, but for those that have to wait: they go first, so that nothing is left to wait for them. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const waits = ({ moduleId }: TestSpecification): boolean => WAITING.some((name) => moduleId.endsWith(`/${name}`));
    return [...sorted.filter(waits), ...sorted.filter((file) => !waits(file))];
  }
}
