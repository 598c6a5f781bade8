"""Speaks TLS for a server that does not: takes connections on a free port of this machine and passes on what comes.

Prints the port; runs until it is ended.
"""

import asyncio
import ssl
import sys

certificate, key, port = sys.argv[1:]


async def passed(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


async def taken(reader, writer):
    there, back = await asyncio.open_connection("127.0.0.1", int(port))
    await asyncio.gather(passed(reader, back), passed(there, writer))


async def main():
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    server = await asyncio.start_server(taken, "127.0.0.1", 0, ssl=context)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
