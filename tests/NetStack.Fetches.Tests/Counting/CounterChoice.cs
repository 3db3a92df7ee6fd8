using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace NetStack.Fetches.Tests.Counting;

/// <summary>Finds a counter that works here: each has to prove it, on bytes that are read 3 times, once and never.</summary>
internal static class CounterChoice
{
    /// <summary>The counter that is asked for, or the first that works; single steps come first, because they see all bytes of one run
    /// and tell reads from writes.</summary>
    /// <exception cref="CounterRefusedException">None works; the message says why.</exception>
    internal static ICounter Choose(string? by)
    {
        List<string> refusals = [];
        foreach ((string name, Func<ICounter> make) in new (string, Func<ICounter>)[] { ("steps", () => new StepCounter()), ("watchpoints", () => new WatchpointCounter()) })
        {
            if (by is not null && by != name) continue;
            try
            {
                return Prove(make());
            }
            catch (CounterRefusedException e)
            {
                refusals.Add(e.Message);
            }
        }
        throw new CounterRefusedException(refusals.Count > 0 ? string.Join("; ", refusals) : $"there is no counter '{by}', only steps and watchpoints");
    }

    private static ICounter Prove(ICounter counter)
    {
        try
        {
            Proof proof = new();
            proof.Run();
            int[] counted = counter.Count(proof)[0].Reads;
            if (counted is [3, 1, 0]) return counter;
            throw new CounterRefusedException($"{counter.Name} can be had, but count {string.Join(", ", counted)} where 3, 1, 0 reads are made");
        }
        catch
        {
            counter.Dispose();
            throw;
        }
    }

    private sealed class Proof : IMeasured
    {
        private readonly byte[] _bytes = GC.AllocateArray<byte>(3, pinned: true);
        private int _sum; // what is read is used, or it need not be read

        public Watched[] Prepare() => [new Watched("proof", Marshal.UnsafeAddrOfPinnedArrayElement(_bytes, 0), _bytes.Length)];

        [MethodImpl(MethodImplOptions.NoInlining)]
        public void Run()
        {
            for (int i = 0; i < 3; i++) _sum += Volatile.Read(ref _bytes[0]);
            _sum += Volatile.Read(ref _bytes[1]);
        }
    }
}
