/**
 * Runs contenders in turns, so that whatever else the machine does hits all of them alike.
 * Promise: in every round each has its turn, and nobody always comes first.
 */

export async function interleaved<Contender>(
  contenders: readonly Contender[],
  rounds: number,
  turn: (contender: Contender, round: number) => void | Promise<void>,
): Promise<void> {
  for (let round = 0; round < rounds; round += 1)
    for (let place = 0; place < contenders.length; place += 1) {
      const contender = contenders[(round + place) % contenders.length]
      if (contender !== undefined) await turn(contender, round)
    }
}
