/** The panel of `random`: JSON-RPC written to it, the numbers that come back, and their chart. */
import { Chart } from './chart.js'

const CHANNEL = '/service/random'

export class RandomPanel {
  #connection
  #note
  #running = true
  #received = 0
  #chart = new Chart(document.getElementById('random-chart'))
  #value = document.getElementById('random-value')
  #count = document.getElementById('random-count')
  #interval = document.getElementById('random-interval')
  #start = document.getElementById('random-start')
  #stop = document.getElementById('random-stop')

  constructor (connection, note) {
    this.#connection = connection
    this.#note = note
    document.getElementById('random-form').addEventListener('submit', event => {
      event.preventDefault()
      this.#running = true
      this.#say(this.#startCall())
    })
    this.#stop.addEventListener('click', () => {
      this.#running = false
      this.#say({ method: 'stop' })
    })
  }

  /** What goes with the subscription: numbers come at once, unless the visitor has stopped them. */
  firstWords () {
    return this.#running && this.#interval.checkValidity() ? JSON.stringify(this.#startCall()) : undefined
  }

  enable (enabled) {
    this.#start.disabled = !enabled
    this.#stop.disabled = !enabled
  }

  /** A new subscription starts numbers, however the last one ended. */
  renew () {
    this.#running = true
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

  #startCall () {
    return { method: 'start', params: [this.#interval.valueAsNumber] }
  }

  #say (call) {
    const text = JSON.stringify(call)
    this.#connection.publish(CHANNEL, text)
    this.#note('publish', `random, ${text}`)
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
