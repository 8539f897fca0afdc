/** CometD's client without what ours never uses: for the bundles only, whoever imports the module has it whole. */
import { readFileSync } from 'node:fs'
import ts from 'typescript'

/** Statements that call these are logs, which ours keeps it from writing. */
const logs = new Set(['_debug', '_info', '_warn', 'debug', '#debug'])

/** Methods that nobody calls, or that ours has in their place. */
const unused = {
  'Client.js': [
    '#fieldValue', '#increaseBackoff', '#isAllowed', '#isAlpha', '#isNumeric', '#log', '#zeroPad', '_debug', '_getTransportListeners', '_info', '_warn',
    'addTransportListener', 'clearListeners', 'clearTimeout', 'findTransport', 'getBackoffIncrement', 'getBackoffPeriod', 'getExtension', 'getName', 'increaseBackoffPeriod', 'init', 'publishBinary', 'remoteCallBinary', 'removeTransportListener',
    'resetBackoffPeriod', 'resubscribe', 'send', 'setBackoffIncrement', 'setLogLevel', 'setTimeout', 'unregisterExtension', 'unregisterTransport'
  ],
  'AckExtension.js': ['unregistered'],
  'Extension.js': ['unregistered'],
  'Transport.js': ['accept', 'debug', 'send', 'unregistered'],
  'RequestTransport.js': ['abortXHR', 'transportSend', 'xhrStatus'],
  'LongPollingTransport.js': ['#newXMLHttpRequest', 'accept', 'xhrSend'],
  'WebSocketTransport.js': ['accept'],
  'TransportRegistry.js': ['find', 'remove']
}

/**
 * Methods that can be said in fewer words, or in none: ours has no listeners for what they tell, its transports cross
 * domains, and its transports, timers and waits are its own.
 */
const shorter = {
  'Client.js': {
    '#isCrossDomain': '',
    '#isFunction': "return typeof value === 'function'",
    '#isString': "return typeof value === 'string'",
    '#isValidChannel': String.raw`return typeof value === 'string' && /^\/[\w !#$()*+\-./@{}~]+$/.test(value)`,
    '#notifyTransportException': '',
    '#resetBackoff': '',
    _mixin: `for (const object of [...arguments].slice(2)) for (const name in object) {
      const value = object[name]
      if (value !== undefined) target[name] = deep && typeof value === 'object' && value !== null && !Array.isArray(value) ? this._mixin(true, {}, target[name], value) : value
    }
    return target`,
    Scheduler: '',
    constructor: ''
  },
  'Transport.js': {
    convertToMessages: "return typeof response === 'string' ? JSON.parse(response) : response",
    notifyTransportTimeout: ''
  },
  'TransportRegistry.js': { add: 'this.#types.push(type); this.#transports[type] = transport; return true' },
  'WebSocketTransport.js': { '#onTransportTimeout': "this.#forceClose(context, { code: 1000, reason: 'Message Timeout' })" }
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
    const called = ts.isConstructorDeclaration(node) ? 'constructor' : ts.isMethodDeclaration(node) || ts.isFunctionDeclaration(node) ? node.name.text : ''
    if (Object.hasOwn(shorter[name] ?? {}, called)) cuts.push({ pos: node.body.statements.pos, end: node.body.statements.end, text: shorter[name][called] })
    else if (unused[name]?.includes(called) || isLog(node) || isArguments(node, source) || isWorker(node, source)) cuts.push(node)
    else ts.forEachChild(node, look)
  }
  look(file)
  return cuts.reverse().reduce((smaller, { pos, end, text = ';' }) => smaller.slice(0, pos) + text + smaller.slice(end), source)
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
