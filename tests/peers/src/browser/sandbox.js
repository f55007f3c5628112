// Runs args.body with args.args in a frame that has no origin, and returns what it returns.
return await new Promise(resolve => {
    const frame = document.createElement("iframe");
    frame.sandbox = "allow-scripts";
    const body = `(async args => { ${args.body} })(${JSON.stringify(args.args)})`;
    frame.srcdoc = `<script>${body}.then(told => parent.postMessage(told, "*"))</` + `script>`;
    addEventListener("message", event => event.source === frame.contentWindow && resolve(event.data));
    document.documentElement.append(frame);
});
