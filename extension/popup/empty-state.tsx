import { CommandLine } from './command-line.tsx';

/** Nothing in the AWS config yet. */
export function EmptyState() {
  return (
    <div class="empty" data-empty="profiles">
      <h1 class="panel-title">No profiles yet</h1>
      <p class="panel-text">Keep an access key in the vault under a name of your choice, from a terminal:</p>
      <CommandLine command="keyturn add NAME" />
    </div>
  );
}
