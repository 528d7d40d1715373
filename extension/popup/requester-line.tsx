import type { Prompt } from '../../native-host/protocol.ts';

/** Who asks. For a program in a terminal its name and process, so that a question nobody expected is recognised. */
export function RequesterLine({ requester }: { readonly requester: Prompt['requester'] }) {
  if (requester.source === 'browser') return <p class="requester">Asked by this browser</p>;
  const { program, parent, pid } = requester;
  return (
    <p class="requester" data-requester="terminal">
      <code>{program}</code> asks from a terminal{' '}
      <span class="requester-process">
        (process {pid}
        {parent === undefined ? null : (
          <>
            , started by <code>{parent}</code>
          </>
        )}
        )
      </span>
      . If you did not start it, cancel.
    </p>
  );
}
