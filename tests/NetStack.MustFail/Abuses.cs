namespace NetStack.MustFail;

/// <summary>
/// What an untrusting program must not be able to write down: what it is, the error, the abuse, and the program around it, where
/// <c>@</c> is its place. The program must compile when nothing stands there, so that nothing but the abuse is what is refused.
/// </summary>
public sealed class Abuses
{
    public static TheoryData<string, string, string, string> All => new()
    {
        // A window gives no byte away but by copying.
        { "index a window", "CS0021", "int x = w[0];", "static int F(SharedSpan w) { @ return 0; }" },
        { "a window as a read-only span", "CS0029", "ReadOnlySpan<byte> x = w;", "static void F(SharedSpan w) { @ }" },
        { "a window as a span", "CS0029", "Span<byte> x = w;", "static void F(SharedSpan w) { @ }" },
        { "cast a window to a span", "CS0030", "var x = (ReadOnlySpan<byte>)w;", "static void F(SharedSpan w) { @ }" },
        { "pin a window", "CS8385", "fixed (byte* p = w) { }", "static unsafe void F(SharedSpan w) { @ }" },
        { "cast a window to a pointer", "CS0030", "byte* p = (byte*)w;", "static unsafe void F(SharedSpan w) { @ }" },
        { "name a window's start", "CS0122", "ref readonly byte b = ref w._start;", "static void F(SharedSpan w) { @ }" },
        { "walk over a window", "CS1579", "foreach (byte b in w) { }", "static void F(SharedSpan w) { @ }" },
        { "match a window as a list", "CS0021", "if (w is [1, ..]) return true;", "static bool F(SharedSpan w) { @ return false; }" },
        { "ask a window for its bytes", "CS1061", "var b = w.Bytes;", "static void F(SharedSpan w) { @ }" },
        { "turn a window into an array", "CS1061", "byte[] b = w.ToArray();", "static void F(SharedSpan w) { @ }" },

        // A window does not outlive the call it was lent to.
        { "a window in a field of a class", "CS8345", "SharedSpan _w;", "sealed class C { @ }" },
        { "a window in a property of a struct", "CS8345", "SharedSpan W { get; set; }", "struct S { @ }" },
        { "a window in an array", "CS0611", "SharedSpan[] w = null!;", "static void F() { @ }" },
        { "a window in a list", "CS9244", "List<SharedSpan> w = null!;", "static void F() { @ }" },
        { "a window in a tuple", "CS9244", "var t = (w, 1);", "static void F(SharedSpan w) { @ }" },
        { "a window in a lambda", "CS9108", "Action a = () => w.CopyTo(new byte[9]);", "static Action? F(SharedSpan w) { @ return null; }" },
        { "a window across an await", "CS4007", "w.CopyTo(new byte[9]);", "static async Task F(BufferPool p, BufferHandle b) { SharedSpan w = p.Window(b, 0, 1); await Task.Yield(); @ }" },
        { "a window across a yield", "CS4007", "w.CopyTo(new byte[9]);", "static IEnumerable<int> F(BufferPool p, BufferHandle b) { SharedSpan w = p.Window(b, 0, 1); yield return 1; @ }" },
        { "a window as a parameter of an async method", "CS4012", "SharedSpan w", "static async Task F( @ ) { await Task.Yield(); }" },
        { "a window as an object", "CS0029", "object o = w;", "static void F(SharedSpan w) { @ }" },
        { "a window as an interface", "CS0030", "var o = (IDisposable)w;", "static void F(SharedSpan w) { @ }" },
        { "a window as text by way of a box", "CS0029", "string s = w.ToString();", "static void F(SharedSpan w) { @ }" },
        { "a window in a text", "CS9244", "string s = $\"{w}\";", "static void F(SharedSpan w) { @ }" },
        { "a view of a line that dies with the method", "CS8168", "return line.Bytes;", "static ReadOnlySpan<byte> F(SharedSpan w) { w.TakeLine(out HeaderLine line); @ return default; }" },
        { "a stack-bound window handed out", "CS8352", "return w;", "static SharedSpan F(scoped SharedSpan w) { @ return default; }" },
        { "trusted bytes in a field of a class", "CS8345", "TrustedSpan _t;", "sealed class C { @ }" },

        // Trust and ownership are not made up.
        { "a window over bytes of one's own", "CS1729", "var w = new SharedSpan(b);", "static void F(byte[] b) { @ }" },
        { "a window over a place in memory", "CS0122", "var w = new SharedSpan(r, ref b, 1);", "static void F(DmaRegion r, byte b) { @ }" },
        { "trusted bytes out of any bytes", "CS0122", "var t = new TrustedSpan(b);", "static void F(byte[] b) { @ }" },
        { "trusted bytes in an initialiser", "CS0200", "var t = new TrustedSpan { Bytes = b };", "static void F(byte[] b) { @ }" },
        { "a handle out of numbers", "CS0122", "var h = new BufferHandle(1, 2, 3);", "static void F() { @ }" },
        { "a handle with another generation", "CS0200", "var g = h with { Generation = 2 };", "static void F(BufferHandle h) { @ }" },

        // A body is named, not read.
        { "index a body", "CS0021", "int x = b[0];", "static void F(PacketBody b) { @ }" },
        { "a body as a span", "CS0029", "ReadOnlySpan<byte> x = b;", "static void F(PacketBody b) { @ }" },
        { "ask a body for its span", "CS1061", "var x = b.Span;", "static void F(PacketBody b) { @ }" },
        { "walk over a body", "CS1579", "foreach (byte x in b) { }", "static void F(PacketBody b) { @ }" },
        { "a body's ownership record", "CS0122", "var x = b.Chain;", "static void F(PacketBody b) { @ }" },
        { "write into a body", "CS0122", "b.Write(new byte[3]);", "static void F(PacketBody b) { @ }" },

        // The ways in which the library itself fetches are its own.
        { "call the fetching primitive", "CS0122", "FetchOnce.Copy(ref s, ref d, 9);", "static void F(ref byte s, ref byte d) { @ }" },
        { "ask a region for a place", "CS0122", "ref byte b = ref r.At(0, 1);", "static void F(DmaRegion r) { @ }" },
        { "ask a region for a window", "CS0122", "var w = r.Window(0, 1);", "static void F(DmaRegion r) { @ }" },
        { "silence or hear a region's device hook", "CS0122", "r.Fetched = null;", "static void F(DmaRegion r) { @ }" },

        // What was fetched stays what it is.
        { "write to a snapshot's bytes", "CS8331", "s.Bytes[0] = 1;", "static void F(HeaderSnapshot s) { @ }" },
        { "write to what a snapshot was asked for", "CS8331", "s.Require(9)[0] = 1;", "static void F(HeaderSnapshot s) { @ }" },
        { "a snapshot's bytes as a writable span", "CS0029", "Span<byte> b = s.Bytes;", "static void F(HeaderSnapshot s) { @ }" },
        { "set a snapshot's watermark back", "CS0200", "s.Watermark = 0;", "static void F(HeaderSnapshot s) { @ }" },
        { "write to a line's bytes", "CS8331", "l.Bytes[0] = 1;", "static void F(HeaderLine l) { @ }" },

        // A strategy decides on facts and cannot reach a byte.
        { "a strategy that looks at the frame", "CS1061", "if (f.Body.Length > 9) return CopyDecision.Drop;", "sealed class C : ICopyStrategy { public CopyDecision Decide(in FrameFacts f) { @ return CopyDecision.All; } }" },
        { "a strategy that looks at the headers", "CS1061", "if (f.Headers.Bytes[0] == 1) return CopyDecision.Drop;", "sealed class C : ICopyStrategy { public CopyDecision Decide(in FrameFacts f) { @ return CopyDecision.All; } }" },
        { "a strategy that forges its facts", "CS8852", "f.Trust = Trust.Full;", "sealed class C : ICopyStrategy { public CopyDecision Decide(in FrameFacts f) { @ return CopyDecision.All; } }" },
    };

    [Theory, MemberData(nameof(All))]
    public void An_abuse_is_refused_by_the_compiler(string what, string expected, string abuse, string program)
    {
        string errors = string.Join(' ', Snippet.Errors(program.Replace("@", abuse, StringComparison.Ordinal)));
        Assert.True(errors == expected, $"{what}: expected {expected}, got {(errors.Length == 0 ? "no error" : errors)}");
    }

    [Theory, MemberData(nameof(All))]
    public void The_same_program_without_the_abuse_compiles(string what, string expected, string abuse, string program)
    {
        Assert.True(expected.Length > 0 && abuse.Length > 0);
        string errors = string.Join(' ', Snippet.Errors(program.Replace("@", "", StringComparison.Ordinal)));
        Assert.True(errors.Length == 0, $"{what}, without it: {errors}");
    }
}
