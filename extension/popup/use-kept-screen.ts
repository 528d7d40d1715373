import { useEffect, useRef } from 'preact/hooks';
import type { ProfileSummary } from '../../native-host/protocol.ts';
import type { PopupState } from '../popup-state.ts';
import { keepScreen } from './kept-screen.ts';

type Shown = {
  readonly profiles: readonly ProfileSummary[] | undefined;
  /** Nothing but the whole list is on screen. */
  readonly isAtRest: boolean;
  readonly signIns: PopupState['signIns'];
};

/**
 * Keeps the list for the next popup's first paint whenever `profiles` have changed. Not after a sign-in: the order on screen
 * stays as it is then, but the next popup has another one.
 */
export function useKeptScreen({ profiles, isAtRest, signIns }: Shown) {
  const isUntouched = useRef(true);
  if (Object.keys(signIns).length > 0) isUntouched.current = false;
  useEffect(() => {
    const root = document.getElementById('popup');
    if (!(profiles && isAtRest && isUntouched.current && root)) return;
    const waiting = requestIdleCallback(() => keepScreen(root));
    return () => cancelIdleCallback(waiting);
  }, [isAtRest, profiles]);
}
