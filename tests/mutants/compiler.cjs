// A compiler that stays: one line of standard JSON in, one line out. Loading the compiler takes longer than most compilations.
'use strict';

const fs = require('fs');
const path = require('path');
const readline = require('readline');

const root = process.argv[2];
const solc = require(path.join(root, 'node_modules', 'solc'));

function read(name) {
  const file = path.resolve(root, name);
  return fs.existsSync(file) ? { contents: fs.readFileSync(file, 'utf8') } : { error: `File not found: ${name}` };
}

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  process.stdout.write(solc.compile(line, { import: read }) + '\n');
});
