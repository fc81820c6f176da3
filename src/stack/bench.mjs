/** `npm run bench -- NAME`: runs a benchmark. There is none yet, and nothing here pretends otherwise. */
const [name] = process.argv.slice(2);
process.stderr.write(name === undefined ? '' : `There is no benchmark "${name}".\n`);
process.stderr.write('Benchmarks there are: none yet.\n');
process.exitCode = 2;
