// Plain JavaScript, because the Node it has to refuse cannot run anything newer.
const major = Number(process.versions.node.split('.')[0]);
if (major < 24) {
  console.error(
    `keyturn needs Node 24 to build and test, but this is ${process.version}. On Linux 'npm ci' brings it along ` +
      '(run npm with optional dependencies on); elsewhere install Node 24 and run the command again.',
  );
  process.exit(1);
}
