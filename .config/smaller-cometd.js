/** CometD's client without what ours never uses: for the bundles only, whoever imports the module has it whole. */
import { readFileSync } from 'node:fs'
import ts from 'typescript'

/** Statements that call these are logs, which ours keeps it from writing. */
const logs = new Set(['_debug', '_info', '_warn', 'debug', '#debug'])

/** Methods that nobody calls, or that ours has in their place. */
const unused = {
  'Client.js': [
    '#increaseBackoff', '#log', '#zeroPad', '_debug', '_getTransportListeners', '_info', '_warn', 'addTransportListener', 'clearListeners', 'clearTimeout', 'findTransport',
    'getBackoffIncrement', 'getBackoffPeriod', 'getExtension', 'getName', 'increaseBackoffPeriod', 'init', 'publishBinary', 'remoteCallBinary', 'removeTransportListener',
    'resetBackoffPeriod', 'resubscribe', 'send', 'setBackoffIncrement', 'setLogLevel', 'setTimeout', 'unregisterExtension', 'unregisterTransport'
  ],
  'Transport.js': ['accept', 'send'],
  'RequestTransport.js': ['abortXHR', 'transportSend', 'xhrStatus'],
  'LongPollingTransport.js': ['#newXMLHttpRequest', 'accept', 'xhrSend'],
  'WebSocketTransport.js': ['accept'],
  'TransportRegistry.js': ['remove']
}

/** Methods without an effect: ours has no listeners for what they tell, its transports cross domains, and its timers and waits are its own. */
const idle = {
  'Client.js': ['#isCrossDomain', '#notifyTransportException', '#resetBackoff', 'Scheduler'],
  'Transport.js': ['notifyTransportTimeout']
}

function isLog (node) {
  const call = ts.isExpressionStatement(node) && ts.isCallExpression(node.expression) ? node.expression.expression : undefined
  return call !== undefined && ts.isPropertyAccessExpression(call) && logs.has(call.name.text)
}

// Ours gives all arguments of these, in their places, as TypeScript sees to.
function isArguments (node, source) {
  if (!ts.isIfStatement(node)) return false
  const [condition, then] = [node.expression, node.thenStatement].map(({ pos, end }) => source.slice(pos, end))
  return condition === 'CometD.#isFunction(content)' || /Illegal arguments number|Illegal argument type: (?!channel)/.test(then)
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
    const named = methods => (ts.isMethodDeclaration(node) || ts.isFunctionDeclaration(node)) && methods[name]?.includes(node.name.text)
    if (named(idle)) cuts.push({ pos: node.body.statements.pos, end: node.body.statements.end })
    else if (named(unused) || isLog(node) || isArguments(node, source) || isWorker(node, source)) cuts.push(node)
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
