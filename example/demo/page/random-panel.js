/** The panel of `random`: JSON-RPC calls, the numbers that come of them, and their chart. */
import { Chart } from './chart.js'

export class RandomPanel {
  #note
  #service = null
  #running = true
  #received = 0
  #chart = new Chart(document.getElementById('random-chart'), { top: 100, lines: [0, 25, 50, 75, 100] })
  #value = document.getElementById('random-value')
  #count = document.getElementById('random-count')
  #interval = document.getElementById('random-interval')
  #buttons = document.querySelectorAll('#random-form button')

  constructor (note) {
    this.#note = note
    document.getElementById('random-form').addEventListener('submit', event => {
      event.preventDefault()
      this.#start()
    })
    document.getElementById('random-stop').addEventListener('click', () => {
      this.#running = false
      this.#call('stop')
    })
    document.getElementById('random-end').addEventListener('click', () => this.#call('end'))
  }

  /** A conversation begins: numbers come at once, and again when it is opened anew, unless the visitor has stopped them. */
  meet (service) {
    this.#service = service
    this.#running = true
    service.on('state', state => {
      if (state === 'connected' && this.#running && this.#interval.checkValidity()) this.#start()
    })
  }

  enable (enabled) {
    for (const button of this.#buttons) button.disabled = !enabled
  }

  take (line) {
    const { result, error } = read(line)
    if (error) return this.#note('error', `random: ${error.message} (${error.code})`)
    if (typeof result !== 'number') return this.#note('service', `random says ${line}`)
    this.#received++
    this.#value.textContent = String(result)
    this.#count.textContent = String(this.#received)
    this.#chart.add(result)
  }

  #start () {
    this.#running = true
    this.#call('start', this.#interval.valueAsNumber)
  }

  async #call (method, ...params) {
    const call = `${method}(${params.join(', ')})`
    try {
      const result = await this.#service.call(method, params)
      this.#note('call', `random.${call} → ${JSON.stringify(result)}`)
    } catch (error) {
      this.#note('error', `random.${call}: ${error.message}`)
    }
  }
}

function read (line) {
  try {
    return JSON.parse(line)
  } catch {
    // READY, which is no JSON.
    return {}
  }
}
