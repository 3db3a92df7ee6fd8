global using NetStack.Memory;
