// Programs as JSON on standard input -> what each of them shows, as JSON on standard output.
// Every program has a realm of its own, so that none sees the globals of another. Node is to be started with
// --experimental-vm-modules.
'use strict'

const { inspect } = require('node:util')
const vm = require('node:vm')

const MILLISECONDS = 2000 // for code that loops for ever; none of ours takes one
const TURNS = 3 // of the event loop, after which nothing of a program is still under way
const NAMES = ['default', 'a', 'b', 'c', 'x', 'y', 'from', 'as']
// A stack names lines and columns, and the text of a function is what a minifier changes: neither is to be seen.
const HIDE = new vm.Script(`
  Error.stackTraceLimit = 0
  Function.prototype.toString = function toString () { return 'a function' }
`)
let rejected

process.on('unhandledRejection', (reason) => rejected(reason))

async function run({ code, module }) {
  const seen = []
  const globals = { out: (...values) => void seen.push(values.map(show).join(' ')) }
  const context = vm.createContext(globals)
  HIDE.runInContext(context)
  rejected = (reason) => seen.push(`rejected: ${nameOf(reason)}`)
  const end = await (module ? runModule : runScript)(code, context)
  for (let turn = 0; turn < TURNS; turn++) await new Promise(setImmediate)
  delete globals.out
  return [...seen, end, module ? '' : show(globals)]
}

function runScript(code, context) {
  let script
  try {
    script = new vm.Script(code, { importModuleDynamically: (name, _, attributes) => other(name, attributes, context) })
  } catch (error) {
    return `refused: ${nameOf(error)}`
  }
  try {
    return `value: ${show(script.runInContext(context, { timeout: MILLISECONDS }))}`
  } catch (error) {
    return ended(error)
  }
}

async function runModule(code, context) {
  let module
  try {
    module = new vm.SourceTextModule(code, {
      context,
      initializeImportMeta: (meta) => { meta.url = 'https://example.org/a.js' },
      importModuleDynamically: (name, _, attributes) => other(name, attributes, context),
    })
    await module.link((name, _, { attributes }) => other(name, attributes, context))
  } catch (error) {
    return `refused: ${nameOf(error)}`
  }
  try {
    await module.evaluate({ timeout: MILLISECONDS })
  } catch (error) {
    return ended(error)
  }
  return `exports: ${show(Object.entries(module.namespace))}`
}

function ended(error) {
  return error?.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT' ? 'endless' : `thrown: ${nameOf(error)}`
}

// Any module that a program imports: each export says what was asked for.
async function other(specifier, attributes, context) {
  const asked = `${specifier} ${JSON.stringify(attributes)}`
  const module = new vm.SyntheticModule(
    NAMES,
    () => NAMES.forEach((name) => module.setExport(name, `${name} of ${asked}`)),
    { context },
  )
  await module.link(() => {})
  await module.evaluate()
  return module
}

// Errors in values show their names alone: messages may quote the source.
function show(value) {
  return nameOf(value, () => inspect(value, { depth: 8, maxArrayLength: null, maxStringLength: null, breakLength: Infinity }))
}

function nameOf(value, otherwise = () => `value ${show(value)}`) {
  return Object.prototype.toString.call(value) === '[object Error]' ? String(value.name) : otherwise()
}

async function main() {
  const chunks = []
  for await (const chunk of process.stdin) chunks.push(chunk)
  const results = []
  for (const program of JSON.parse(Buffer.concat(chunks))) results.push(await run(program))
  process.stdout.write(JSON.stringify(results))
}

main()
