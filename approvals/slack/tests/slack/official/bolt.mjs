// Slack's own framework against the double: it starts, hears a press and a command over Socket Mode, and answers both.
import { createRequire } from "node:module";

const [modules, slackApiUrl, token, appToken, room] = process.argv.slice(2);
const require = createRequire(`${modules}/`);
const { App, SocketModeReceiver, LogLevel } = require("@slack/bolt");

const clientOptions = { slackApiUrl };
const receiver = new SocketModeReceiver({ appToken, logLevel: LogLevel.WARN, installerOptions: { clientOptions } });
const app = new App({ token, receiver, clientOptions, logLevel: LogLevel.WARN });
let left = 2;
const said = async (what) => {
  console.log(JSON.stringify(what));
  left -= 1;
  if (left === 0) {
    await app.stop();
    process.exit(0);
  }
};

app.action("yes", async ({ ack, body, respond, client }) => {
  await ack();
  await client.chat.update({ channel: body.channel.id, ts: body.container.message_ts, text: "decided" });
  await respond({ text: "heard", response_type: "ephemeral", replace_original: false });
  await said({ user: body.user.id, action: body.actions[0].action_id });
});
app.command("/jit", async ({ ack, command, respond }) => {
  await ack();
  await respond("heard");
  await said({ user: command.user_id, text: command.text });
});
app.error(async (error) => {
  console.error(error);
  process.exit(1);
});

await app.start();
const button = { type: "button", action_id: "yes", value: "1", text: { type: "plain_text", text: "Yes" } };
await app.client.chat.postMessage({ channel: room, text: "asked for", blocks: [{ type: "actions", elements: [button] }] });
console.log("ready");
