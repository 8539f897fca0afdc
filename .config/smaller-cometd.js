/** CometD's client without what ours never uses: for the bundles only, whoever imports the module has it whole. */
import { readFileSync } from 'node:fs'
import ts from 'typescript'

/** Statements that call these are logs, which ours keeps it from writing. */
const logs = new Set(['_debug', '_info', '_warn', 'debug', '#debug'])

/** Methods that nobody calls. */
const unused = new Set([
  '#log', '#zeroPad', '_debug', '_info', '_warn', 'addTransportListener', 'clearListeners', 'findTransport', 'getExtension', 'getName', 'init', 'publishBinary', 'remoteCall',
  'remoteCallBinary', 'removeTransportListener', 'resubscribe', 'send', 'setBackoffIncrement', 'setLogLevel', 'unregisterExtension', 'unregisterTransport'
])

function isLog (node) {
  const call = ts.isExpressionStatement(node) && ts.isCallExpression(node.expression) ? node.expression.expression : undefined
  return call !== undefined && ts.isPropertyAccessExpression(call) && logs.has(call.name.text)
}

// Ours has timers of its own.
function isWorker (node, source) {
  return (ts.isIfStatement(node) && source.slice(node.expression.pos, node.expression.end).includes('useWorkerScheduler')) ||
    (ts.isFunctionDeclaration(node) && node.name.text === 'WorkerScheduler')
}

function smaller (source, name) {
  const file = ts.createSourceFile(name, source, ts.ScriptTarget.Latest, false)
  const cuts = []
  const look = node => {
    const method = name === 'Client.js' && ts.isMethodDeclaration(node) && unused.has(node.name.text)
    if (method || isLog(node) || isWorker(node, source)) cuts.push(node)
    else ts.forEachChild(node, look)
  }
  look(file)
  return cuts.reverse().reduce((text, { pos, end }) => `${text.slice(0, pos)};${text.slice(end)}`, source)
}

export const smallerCometd = {
  name: 'smaller-cometd',
  setup ({ onLoad }) {
    onLoad({ filter: /[/\\]cometd[/\\]\w+\.js$/ }, ({ path }) => {
      const name = path.split(/[/\\]/).at(-1)
      // A transport by script tags.
      if (name === 'CallbackPollingTransport.js') return { contents: 'export class CallbackPollingTransport {}' }
      return { contents: smaller(readFileSync(path, 'utf8'), name) }
    })
  }
}
