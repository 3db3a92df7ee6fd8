using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;

namespace NetStack.Samples;

/// <summary>The part of HTTP/1.1 (RFC 9112) that moves files: GET and HEAD read one, PUT writes one, connections persist.</summary>
internal sealed class HttpFileServer(string root)
{
    private const int MaxHead = 16 * 1024;

    private readonly string _root = Path.GetFullPath(root);

    internal async Task RunAsync(NetListener listener, CancellationToken cancellationToken)
    {
        await using (listener)
        {
            await foreach (NetConnection connection in listener.AcceptAllAsync(cancellationToken)) _ = ServeAsync(connection);
        }
    }

    private async Task ServeAsync(NetConnection connection)
    {
        await using (connection)
        {
            try
            {
                while (await ReadHeadAsync(connection.Input) is { } head)
                {
                    if (!await AnswerAsync(connection, head)) return;
                }
            }
            catch (IOException)
            {
                // the peer reset it, or went away in the middle
            }
        }
    }

    /// <summary>Reads up to the empty line; null at the end of the stream.</summary>
    private static async ValueTask<Request?> ReadHeadAsync(PipeReader input)
    {
        while (true)
        {
            ReadResult read = await input.ReadAsync();
            SequenceReader<byte> reader = new(read.Buffer);
            if (reader.TryReadTo(out ReadOnlySequence<byte> head, "\r\n\r\n"u8))
            {
                Request request = Request.Parse(Encoding.ASCII.GetString(head));
                input.AdvanceTo(reader.Position);
                return request;
            }
            if (read.IsCompleted && read.Buffer.IsEmpty) return null;
            if (read.IsCompleted || read.Buffer.Length > MaxHead) return new Request("", "", [], IsWhole: false);
            input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    /// <returns>Whether the connection goes on.</returns>
    private async ValueTask<bool> AnswerAsync(NetConnection connection, Request request)
    {
        if (!request.IsWhole) return await RefuseAsync(connection, "400 Bad Request");
        string path = Path.GetFullPath(Path.Combine(_root, Uri.UnescapeDataString(request.Target.Split('?')[0]).TrimStart('/')));
        bool isInside = path.StartsWith(_root + Path.DirectorySeparatorChar, StringComparison.Ordinal);
        return request.Method switch
        {
            _ when !isInside => await RefuseAsync(connection, "404 Not Found"),
            "GET" or "HEAD" => await SendFileAsync(connection, request, path),
            "PUT" => await ReceiveFileAsync(connection, request, path),
            _ => await RefuseAsync(connection, "405 Method Not Allowed"),
        };
    }

    private static async ValueTask<bool> SendFileAsync(NetConnection connection, Request request, string path)
    {
        FileStream file;
        try
        {
            file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0, FileOptions.SequentialScan);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return await RefuseAsync(connection, "404 Not Found", request.Persists);
        }
        await using (file)
        {
            long length = file.Length;
            Write(connection.Output, $"HTTP/1.1 200 OK\r\nContent-Length: {length.ToString(CultureInfo.InvariantCulture)}\r\nContent-Type: application/octet-stream\r\n\r\n");
            while (request.Method == "GET" && length > 0)
            {
                Memory<byte> room = connection.Output.GetMemory(64 * 1024);
                int count = await file.ReadAsync(room[..(int)Math.Min(room.Length, length)]);
                if (count == 0) throw new EndOfStreamException("The file became shorter while it was sent.");
                connection.Output.Advance(count);
                length -= count;
                await connection.Output.FlushAsync();
            }
            await connection.Output.FlushAsync();
        }
        return request.Persists;
    }

    private static async ValueTask<bool> ReceiveFileAsync(NetConnection connection, Request request, string path)
    {
        if (!long.TryParse(request.Header("Content-Length"), NumberStyles.None, CultureInfo.InvariantCulture, out long rest)) return await RefuseAsync(connection, "411 Length Required");
        if (string.Equals(request.Header("Expect"), "100-continue", StringComparison.OrdinalIgnoreCase)) Write(connection.Output, "HTTP/1.1 100 Continue\r\n\r\n");
        await connection.Output.FlushAsync();
        try
        {
            await using FileStream file = new(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
            while (rest > 0)
            {
                ReadResult read = await connection.Input.ReadAsync();
                ReadOnlySequence<byte> body = read.Buffer.Slice(0, Math.Min(rest, read.Buffer.Length));
                foreach (ReadOnlyMemory<byte> part in body) await file.WriteAsync(part);
                rest -= body.Length;
                connection.Input.AdvanceTo(body.End);
                if (rest > 0 && read.IsCompleted) return false;
            }
        }
        catch (UnauthorizedAccessException)
        {
            return await RefuseAsync(connection, "403 Forbidden");
        }
        Write(connection.Output, "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n");
        await connection.Output.FlushAsync();
        return request.Persists;
    }

    private static async ValueTask<bool> RefuseAsync(NetConnection connection, string status, bool persists = false)
    {
        Write(connection.Output, $"HTTP/1.1 {status}\r\nContent-Length: 0\r\n{(persists ? "" : "Connection: close\r\n")}\r\n");
        await connection.Output.FlushAsync();
        return persists;
    }

    private static void Write(PipeWriter output, string text) => Encoding.ASCII.GetBytes(text, output);

    /// <summary>A request's line and header fields.</summary>
    private sealed record Request(string Method, string Target, Dictionary<string, string> Headers, bool IsWhole)
    {
        internal bool Persists => !string.Equals(Header("Connection"), "close", StringComparison.OrdinalIgnoreCase);

        internal static Request Parse(string head)
        {
            string[] lines = head.Split("\r\n");
            string[] words = lines[0].Split(' ');
            Dictionary<string, string> headers = new(StringComparer.OrdinalIgnoreCase);
            foreach (string line in lines.Skip(1))
            {
                int colon = line.IndexOf(':', StringComparison.Ordinal);
                if (colon > 0) headers[line[..colon]] = line[(colon + 1)..].Trim();
            }
            bool isWhole = words.Length == 3 && words[2].StartsWith("HTTP/1.", StringComparison.Ordinal) && words[1].StartsWith('/');
            if (words.Length == 3 && words[2] == "HTTP/1.0") headers.TryAdd("Connection", "close");
            return new Request(words[0], words.Length > 1 ? words[1] : "", headers, isWhole);
        }

        internal string? Header(string name) => Headers.GetValueOrDefault(name);
    }
}
