import ari from 'ari-client';

/**
 * The least a program on ARI can be that hands waiting callers to free experts, first come first served: no menu, no hours, no
 * store, nobody told when it dies. What it needs from a BYE to the next INVITE is what Asterisk and ARI need.
 *
 * Environment: ARI_URL, ARI_USERNAME, ARI_PASSWORD, EXPERTS (comma-separated). Prints `ready` when it is.
 */

const { ARI_URL = '', ARI_USERNAME = '', ARI_PASSWORD = '', EXPERTS = '' } = process.env;
const APP = 'bare';

const waiting = [];
const idle = EXPERTS.split(',');
/** Channel of the expert → who talks. */
const talks = new Map();

const client = await ari.connect(ARI_URL, ARI_USERNAME, ARI_PASSWORD);
/** Whoever is gone is gone: a program this small does not ask. */
const quietly = (request) => void request.catch(() => undefined);

function match() {
  while (waiting.length > 0 && idle.length > 0) {
    const [citizen, expert] = [waiting.shift(), idle.shift()];
    const [channelId, bridge] = [`bare-${citizen}`, `bare-bridge-${citizen}`];
    talks.set(channelId, { citizen, expert, bridge });
    quietly(client.bridges.create({ bridgeId: bridge, type: 'mixing' }));
    quietly(
      client.channels.originateWithId({
        ...{ channelId, endpoint: `PJSIP/${expert}`, app: APP, appArgs: 'expert' },
        originator: citizen,
      }),
    );
  }
}

client.on('StasisStart', ({ args }, channel) => {
  if (args[0] === 'expert') {
    const { bridge, citizen } = talks.get(channel.id);
    quietly(client.bridges.addChannel({ bridgeId: bridge, channel: `${channel.id},${citizen}` }));
    return;
  }
  quietly(client.channels.startMoh({ channelId: channel.id }));
  waiting.push(channel.id);
  match();
});

client.on('ChannelDestroyed', (_event, channel) => {
  const talk = talks.get(channel.id);
  if (talk === undefined) return;
  talks.delete(channel.id);
  idle.push(talk.expert);
  match();
  quietly(client.channels.hangup({ channelId: talk.citizen }));
  quietly(client.bridges.destroy({ bridgeId: talk.bridge }));
});

await client.start(APP);
process.stdout.write('ready\n');
