/**
 * What the operator gave is wrong: the command line, the environment, the configuration or the machine.
 * The message names the option or the path; it is printed as one line, and the command ends with code 2.
 */
export class WrongInput extends Error {}
