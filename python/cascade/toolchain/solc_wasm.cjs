#!/usr/bin/env node
// A solc executable made of the compiler's own WebAssembly build, for machines where the native
// download fails. It answers what ape and forge ask of solc: --version, and --standard-json with
// --base-path, --include-path and --allow-paths (allowed paths are not enforced: sources are local).
'use strict';

const fs = require('fs');
const path = require('path');

const solc = require(path.join(__dirname, 'SOLC_JS_FOLDER', 'node_modules', 'solc'));

function optionValues(name) {
  const values = [];
  for (let i = 2; i < process.argv.length; i++) {
    if (process.argv[i] === name) values.push(process.argv[i + 1]);
    else if (process.argv[i].startsWith(name + '=')) values.push(process.argv[i].slice(name.length + 1));
  }
  return values;
}

function readSource(roots) {
  return (name) => {
    for (const root of roots) {
      const file = path.resolve(root, name.replace(/^file:\/\//, ''));
      if (fs.existsSync(file)) return { contents: fs.readFileSync(file, 'utf8') };
    }
    return { error: `File not found: ${name}` };
  };
}

if (process.argv.includes('--version')) {
  process.stdout.write(`solc, the solidity compiler commandline interface\nVersion: ${solc.version()}\n`);
} else if (process.argv.includes('--standard-json')) {
  const roots = [...optionValues('--base-path'), ...optionValues('--include-path')];
  if (roots.length === 0) roots.push(process.cwd());
  const read = readSource(roots);
  const input = JSON.parse(fs.readFileSync(0, 'utf8'));
  for (const [name, source] of Object.entries(input.sources || {})) {
    if (source.content !== undefined || !source.urls) continue;
    const found = source.urls.map(read).find((answer) => answer.contents !== undefined) || read(name);
    if (found.contents !== undefined) input.sources[name] = { content: found.contents };
  }
  process.stdout.write(solc.compile(JSON.stringify(input), { import: read }) + '\n');
} else {
  process.stderr.write('this solc answers --version and --standard-json only\n');
  process.exit(1);
}
