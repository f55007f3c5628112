// Opens args.url, sends each of args.messages after the answer to the one before, and closes.
return await new Promise(resolve => {
    const told = { opened: false, protocol: null, received: [] };
    const socket = new WebSocket(args.url, args.protocols);
    const next = () => {
        if (told.received.length < args.messages.length) socket.send(args.messages[told.received.length]);
        else socket.close(1000);
    };
    socket.onopen = () => {
        told.opened = true;
        told.protocol = socket.protocol;
        next();
    };
    socket.onmessage = async event => {
        told.received.push(typeof event.data === "string" ? event.data : await event.data.text());
        next();
    };
    socket.onclose = ({ code, reason, wasClean }) => resolve({ ...told, code, reason, clean: wasClean });
});
