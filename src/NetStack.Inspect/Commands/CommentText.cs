using System.Buffers;
using System.Text;

namespace NetStack.Inspect;

/// <summary>What somebody wrote to a packet, as a line of its own.</summary>
internal static class CommentText
{
    internal static void Write(IBufferWriter<byte> output, string comment) =>
        output.Write(Encoding.UTF8.GetBytes($"\tcomment: {PrintableText.Of(comment)}\n"));
}
